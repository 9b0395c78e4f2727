//! What a person can do about an error.

use std::fmt;

/// What a person can do about an error.
///
/// The text of a hint names no command and no option: any program can show it. A program with words of
/// its own keys them by the variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Hint {
    /// Another run has the profile.
    WaitForOtherRun,
    /// The run was cancelled.
    SyncWhenItSuits,
    /// The profile is unknown.
    AddProfile,
    /// A newer version made the cache.
    UseNewerVersion,
    /// There is no cache yet.
    SyncCreatesCache,
    /// An older version made the cache.
    SyncUpgradesCache,
    /// The cache could not be upgraded.
    MakeUpgradePossible,
    /// The disk is full.
    MakeRoom,
    /// The file can't be written.
    CheckRights,
    /// The file is damaged.
    KeepDamagedFile,
    /// The file belongs to another program.
    NameAnotherFile,
    /// The file is locked.
    EndOtherProgram,
    /// The store failed.
    ReportStoreFailure,
    /// The panel is out of reach or out of order.
    SyncLater,
    /// The network is in the way.
    CheckNetwork,
    /// The port speaks no encryption.
    UseHttp,
    /// No encrypted connection came about.
    CheckEncryption,
    /// The panel's encryption is no longer safe.
    AskForSafeEncryption,
    /// The panel's certificate is not accepted.
    CheckCertificate,
    /// What answers doesn't speak HTTP.
    CheckPort,
    /// The proxy lets nothing through.
    CheckProxy,
    /// The proxy is of a kind that is not supported.
    UseSupportedProxy,
    /// The credentials are wrong.
    CheckCredentials,
    /// The credentials are wrong, or a filter doesn't know the client.
    CheckCredentialsOrUserAgent,
    /// A web server in front of the panel asks for a login.
    AskForOpenAddress,
    /// The login is refused because of the account's state.
    AskAboutAccount,
    /// The account is not active.
    RenewAccount,
    /// The port is for encrypted connections.
    UseHttps,
    /// The panel, or something in front of it, blocks or fails.
    CheckAddressOrUserAgent,
    /// The panel lists something else.
    ReportWrongItems,
    /// The panel doesn't offer the kind.
    KindNotOffered,
    /// The answer broke off.
    SyncAfterTruncation,
    /// A limit was exceeded.
    RaiseLimit,
    /// The panel sends to another address.
    CheckRedirect,
    /// The panel ignored the category.
    NextSyncAsksForAll,
    /// The panel is out of order.
    ReportToProvider,
    /// The program has a defect.
    ReportDefect,
    /// Only some categories failed.
    OthersAreUpToDate,
}

impl Hint {
    /// The hint as a sentence.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::WaitForOtherRun => "wait for the other run to end",
            Self::SyncWhenItSuits => "the cache is as it was; sync again when it suits",
            Self::AddProfile => "name another profile, or add this one",
            Self::UseNewerVersion => "use that version, or another database file",
            Self::SyncCreatesCache => "a sync that may write creates it",
            Self::SyncUpgradesCache => "a sync brings it up to date, and keeps a copy of it as it is",
            Self::MakeUpgradePossible => {
                "make room, or see to the rights of its folder, and try again; the cache is as it was"
            }
            Self::MakeRoom => "make room and sync again; the cache is as it was",
            Self::CheckRights => "check the rights of the file and its folder",
            Self::KeepDamagedFile => "keep the file; put a backup in its place, or sync into another one",
            Self::NameAnotherFile => "it was not touched; name another database file",
            Self::EndOtherProgram => "end the program that has the file open for writing, and sync again",
            Self::ReportStoreFailure => "the cache is as it was; please report it when it happens again",
            Self::SyncLater => {
                "sync again later; when it stays so, check the address and the network, or try another user agent: \
                 some panels serve only players that they know. The cache is as it was"
            }
            Self::CheckNetwork => "check the address and the network, and sync again later. The cache is as it was",
            Self::UseHttp => {
                "the port speaks no encryption: give the address with http:// in place of https://. The cache is as it was"
            }
            Self::CheckEncryption => {
                "check the address and the port; when the port speaks no encryption, give the address with http://; \
                 else sync again later. The cache is as it was"
            }
            Self::AskForSafeEncryption => {
                "TLS 1.2 or 1.3 is needed, and the panel offers neither, or none of their ciphers: ask the provider for \
                 another address, or try this one with http://. The cache is as it was"
            }
            Self::CheckCertificate => {
                "check the address, and the date of this computer. Without verification any certificate is accepted for \
                 this profile; then anybody on the way can read the password. The cache is as it was"
            }
            Self::CheckPort => {
                "check the address and the port; when the port is for encrypted connections, give the address with \
                 https://. The cache is as it was"
            }
            Self::CheckProxy => {
                "check the proxy that the environment names (ALL_PROXY, HTTP_PROXY, HTTPS_PROXY), or name the panel in \
                 NO_PROXY. The cache is as it was"
            }
            Self::UseSupportedProxy => {
                "name a proxy that begins with http://, https://, socks4://, socks4a://, socks5:// or socks5h:// \
                 (ALL_PROXY, HTTP_PROXY, HTTPS_PROXY), or name the panel in NO_PROXY. The cache is as it was"
            }
            Self::CheckCredentials => "check user name and password with your provider; no further attempt was made",
            Self::CheckCredentialsOrUserAgent => {
                "check user name and password with your provider; when they are right, a filter may not know the \
                 client: try another user agent"
            }
            Self::AskForOpenAddress => {
                "it is not the panel that asks, but a web server in front of it, for a user name and password of its \
                 own, which can't be sent: ask your provider for an address without it"
            }
            Self::AskAboutAccount => {
                "ask your provider: the account has to be renewed or unlocked; no further attempt was made"
            }
            Self::RenewAccount => "renew the account with your provider",
            Self::UseHttps => {
                "the port is for encrypted connections: give the address with https:// in place of http://"
            }
            Self::CheckAddressOrUserAgent => {
                "the panel, or something in front of it, blocks or fails; check the address, try another user agent, or \
                 sync again later"
            }
            Self::ReportWrongItems => {
                "the panel lists something else than it was asked for; sync again later, and tell the provider when it \
                 stays so"
            }
            Self::KindNotOffered => "the panel doesn't offer this kind of content, or it refuses this account for it",
            Self::SyncAfterTruncation => "the answer broke off on every attempt; sync again later",
            Self::RaiseLimit => "raise the limit if the catalogue really is that large",
            Self::CheckRedirect => {
                "check the address: the panel sends elsewhere, perhaps because it doesn't know the user agent"
            }
            Self::NextSyncAsksForAll => "the next sync asks for the whole list again; the cache is as it was",
            Self::ReportToProvider => {
                "the panel is out of order; sync again later, and tell the provider when it stays so"
            }
            Self::ReportDefect => "this is a defect of the program; please report it",
            Self::OthersAreUpToDate => "the other categories are up to date; sync again later",
        }
    }
}

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
