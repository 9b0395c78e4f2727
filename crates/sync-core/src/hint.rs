//! Hints: what a person can do about an error.

use std::fmt;

/// What a person can do about an error.
///
/// The text of a hint names no command and no option, so that any program can show it. A program with its own texts can
/// choose them by the variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Hint {
    /// Another run has the lease of the profile.
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
    /// A change set doesn't fit the content.
    ExportWhole,
    /// The panel is out of reach or out of order.
    SyncLater,
    /// The network is in the way.
    CheckNetwork,
    /// The port speaks no encryption.
    UseHttp,
    /// No encrypted connection could be made.
    CheckEncryption,
    /// The panel's encryption is no longer safe.
    AskForSafeEncryption,
    /// The panel's certificate is not accepted.
    CheckCertificate,
    /// The server doesn't speak HTTP.
    CheckPort,
    /// The proxy refuses all connections.
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
    /// The listing came too slowly.
    RaiseDeadline,
    /// The panel redirects to another address.
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
    /// Returns the hint as a sentence.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::WaitForOtherRun => "wait for the other run to end",
            Self::SyncWhenItSuits => "committed kinds stay, and the others are unchanged; sync again at any time",
            Self::AddProfile => "name another profile, or add this one",
            Self::UseNewerVersion => "use that version, or another database file",
            Self::SyncCreatesCache => "run a sync that may write: it creates the cache",
            Self::SyncUpgradesCache => "run a sync: it migrates the cache, and keeps a copy of the old one",
            Self::MakeUpgradePossible => {
                "make room, or check the rights of the folder, and try again; the cache is unchanged"
            }
            Self::MakeRoom => "make room and sync again; the cache is unchanged",
            Self::CheckRights => "check the rights of the file and its folder",
            Self::KeepDamagedFile => "keep the file; put a backup in its place, or sync into another file",
            Self::NameAnotherFile => "the file is unchanged; name another database file",
            Self::EndOtherProgram => "end the program that has the file open for writing, and sync again",
            Self::ReportStoreFailure => "the cache is unchanged; please report it if it happens again",
            Self::ExportWhole => {
                "the cache is unchanged; make a change set of the whole content, and apply it to a profile without content"
            }
            Self::SyncLater => {
                "sync again later. If the error stays, check the address and the network, or try another user agent: \
                 some panels serve only players that they know. The cache is unchanged"
            }
            Self::CheckNetwork => "check the address and the network, and sync again later. The cache is unchanged",
            Self::UseHttp => {
                "the port speaks no encryption; use the address with http:// instead of https://. The cache is \
                 unchanged"
            }
            Self::CheckEncryption => {
                "check the address and the port. If the port speaks no encryption, use the address with http://; \
                 otherwise sync again later. The cache is unchanged"
            }
            Self::AskForSafeEncryption => {
                "the panel offers neither TLS 1.2 nor TLS 1.3, or none of their ciphers. Ask your provider for another \
                 address, or try this one with http://. The cache is unchanged"
            }
            Self::CheckCertificate => {
                "check the address, and the date of this computer. Without verification any certificate is accepted \
                 for this profile, and anybody on the way to the panel can read the password. The cache is unchanged"
            }
            Self::CheckPort => {
                "check the address and the port. If the port is for encrypted connections, use the address with \
                 https://. The cache is unchanged"
            }
            Self::CheckProxy => {
                "check the proxy that the environment names (ALL_PROXY, HTTP_PROXY, HTTPS_PROXY), or add the panel to \
                 NO_PROXY. The cache is unchanged"
            }
            Self::UseSupportedProxy => {
                "use a proxy that begins with http://, https://, socks4://, socks4a://, socks5:// or socks5h:// \
                 (ALL_PROXY, HTTP_PROXY, HTTPS_PROXY), or add the panel to NO_PROXY. The cache is unchanged"
            }
            Self::CheckCredentials => "check user name and password with your provider; no further attempt was made",
            Self::CheckCredentialsOrUserAgent => {
                "check user name and password with your provider. If they are right, a filter may not know the \
                 client: try another user agent"
            }
            Self::AskForOpenAddress => {
                "a web server in front of the panel asks for a user name and password of its own, which can't be sent. \
                 Ask your provider for an address without it"
            }
            Self::AskAboutAccount => {
                "ask your provider: the account has to be renewed or unlocked; no further attempt was made"
            }
            Self::RenewAccount => "renew the account with your provider",
            Self::UseHttps => "the port is for encrypted connections; use the address with https:// instead of http://",
            Self::CheckAddressOrUserAgent => {
                "the panel, or something in front of it, blocks the request or fails: check the address, try another \
                 user agent, or sync again later"
            }
            Self::ReportWrongItems => {
                "the panel lists other items than it was asked for. Sync again later, and tell your provider if it \
                 happens again"
            }
            Self::KindNotOffered => "the panel doesn't offer this kind of content, or refuses it to this account",
            Self::SyncAfterTruncation => "the answer broke off on every attempt; sync again later",
            Self::RaiseLimit => "raise the limit if the answer really is that large",
            Self::RaiseDeadline => {
                "sync again when the line is better, or set a longer deadline. The cache is unchanged"
            }
            Self::CheckRedirect => {
                "check the address. The panel redirects to another one, perhaps because it doesn't know the user agent"
            }
            Self::NextSyncAsksForAll => "the next sync asks for the whole list again; the cache is unchanged",
            Self::ReportToProvider => {
                "the panel is out of order. Sync again later, and tell your provider if it happens again"
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
