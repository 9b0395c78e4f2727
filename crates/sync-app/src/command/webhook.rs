//! The webhook: each result is posted to a server. The address is a secret, so only its host is ever named.

use std::io::Read;
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::header::CONTENT_TYPE;
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode, Url};
use sync_core::Profile;
use sync_core::text::printable;
use sync_service::watch::{HookSender, NotSent, Told};

use super::{json, line};

/// The time limit of a connection, and that of the whole exchange.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);
const LIMIT: Duration = Duration::from_secs(30);

/// The time limit for reading the file with the address, and the greatest length of the file.
const FILE_LIMIT: Duration = Duration::from_secs(5);
const FILE_MAX: u64 = 64 * 1024;

/// Posts each result to a server.
#[derive(Debug, Default)]
pub(crate) struct Webhook {
    /// Where the command line says that the address is. It takes precedence over the profiles' own webhooks.
    for_all: Option<Place>,
}

/// The place of the address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    File(PathBuf),
    Variable(String),
}

impl Webhook {
    pub(crate) fn new(for_all: Option<Place>) -> Self {
        Self { for_all }
    }

    fn place(&self, profile: &Profile) -> Option<Place> {
        let file = || profile.hooks.webhook_file.as_ref().map(|path| Place::File(path.into()));
        let variable = || profile.hooks.webhook_env.clone().map(Place::Variable);
        self.for_all.clone().or_else(file).or_else(variable)
    }
}

impl Place {
    /// Returns the address, which is read anew for each result.
    async fn address(self) -> Result<Url, NotSent> {
        let text = match self {
            Self::Variable(name) => std::env::var(&name)
                .map_err(|_| lasting(format!("the environment variable `{}` is not set", printable(&name))))?,
            Self::File(path) => {
                let shown = printable(&path.display().to_string());
                let reading = tokio::task::spawn_blocking(move || read(&path));
                match tokio::time::timeout(FILE_LIMIT, reading).await {
                    Ok(Ok(Ok(text))) => text,
                    Ok(Ok(Err(error))) => return Err(lasting(format!("{shown} can't be read: {error}"))),
                    _ => return Err(lasting(format!("{shown} could not be read in time"))),
                }
            }
        };
        let address = Url::parse(text.trim()).ok().filter(|url| ["http", "https"].contains(&url.scheme()));
        address.filter(Url::has_host).ok_or_else(|| lasting("the webhook has no address of http or https".to_owned()))
    }
}

/// Reads the first line of a file.
fn read(path: &std::path::Path) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(FILE_MAX).read_to_end(&mut bytes)?;
    let first = line::first(&bytes, "the file");
    first.map(|line| line.expose().to_owned()).map_err(|_| std::io::Error::other("it has no line of text"))
}

/// Returns an error that doesn't pass by itself.
const fn lasting(why: String) -> NotSent {
    NotSent { why, may_pass: false }
}

#[async_trait]
impl HookSender for Webhook {
    fn name(&self) -> &'static str {
        "webhook"
    }

    fn is_set(&self, profile: &Profile) -> bool {
        self.place(profile).is_some()
    }

    async fn send(&self, told: &Told) -> Result<(), NotSent> {
        let Some(place) = self.place(&told.profile) else { return Ok(()) };
        let address = place.address().await?;
        let host = printable(address.host_str().unwrap_or_default());
        let client = client(&address).ok_or_else(|| lasting("no HTTP client can be made".to_owned()))?;
        let sent = client.post(address).header(CONTENT_TYPE, "application/json").body(json::told(told)).send().await;
        match sent {
            Ok(answer) => judge(answer.status(), &host),
            // The text of the library's error may contain the address.
            Err(error) if error.is_timeout() => {
                Err(NotSent { why: format!("{host} did not answer within {} s", LIMIT.as_secs()), may_pass: true })
            }
            Err(error) if error.is_connect() => {
                Err(NotSent { why: format!("{host} could not be reached"), may_pass: true })
            }
            Err(_) => Err(NotSent { why: format!("the connection to {host} broke off"), may_pass: true }),
        }
    }
}

fn judge(status: StatusCode, host: &str) -> Result<(), NotSent> {
    if status.is_success() {
        return Ok(());
    }
    let code = status.as_u16();
    if status.is_redirection() {
        return Err(lasting(format!("{host} answered with {code}, and redirects are not followed")));
    }
    let may_pass =
        status.is_server_error() || [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS].contains(&status);
    Err(NotSent { why: format!("{host} answered with {code}"), may_pass })
}

/// Returns a client for one request. Results are rare, so no client is kept.
fn client(address: &Url) -> Option<Client> {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Another thread may have installed a provider first, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
    let builder = Client::builder()
        .user_agent(concat!("xtream-sync/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .http1_only()
        .connect_timeout(CONNECT_LIMIT)
        .timeout(LIMIT);
    // Without https, the system's certificates aren't read. They are in more than a hundred files, and may be missing.
    let builder = if address.scheme() == "http" { builder.tls_certs_only([]) } else { builder };
    builder.build().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    use sync_core::{ProfileId, SyncReport, Trigger};
    use sync_service::Service;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    const CANARY: &str = "canary-t0ken";

    /// Posts a result to a server that answers with this text. Returns the outcome and the request.
    async fn post(answer: &'static str) -> (Result<(), NotSent>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{CANARY}:{CANARY}@{}/{CANARY}?t={CANARY}", listener.local_addr().unwrap());
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let (mut request, mut piece) = (Vec::new(), [0; 4096]);
            while !request.ends_with(b"}\n") {
                let length = stream.read(&mut piece).await.unwrap();
                assert!(length > 0, "{}", String::from_utf8_lossy(&request));
                request.extend_from_slice(&piece[..length]);
            }
            stream.write_all(answer.as_bytes()).await.unwrap();
            String::from_utf8(request).unwrap()
        });
        let sent = send(&address).await;
        (sent, server.await.unwrap())
    }

    async fn send(address: &str) -> Result<(), NotSent> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), format!("{address}\n")).unwrap();
        let mut home = Profile::new(ProfileId::new("home").unwrap());
        home.hooks.webhook_file = Some(file.path().to_str().unwrap().to_owned());
        let report = SyncReport::new(home.id.clone());
        let changes = Service::counted_changes(&report);
        let hook = Webhook::default();
        assert!(hook.is_set(&home));
        let sent = hook.send(&Told::new(home, report, Trigger::Schedule, changes)).await;
        assert!(!format!("{sent:?}").contains(CANARY), "{sent:?}");
        sent
    }

    #[tokio::test]
    async fn a_result_is_posted() {
        let (sent, request) = post("HTTP/1.1 204 No Content\r\n\r\n").await;
        assert_eq!(sent, Ok(()));
        assert!(request.starts_with(&format!("POST /{CANARY}?t={CANARY} HTTP/1.1\r\n")), "{request}");
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        assert!(head.contains("content-type: application/json") && head.contains("user-agent: xtream-sync/"));
        let object: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(object["profile"], "home");
    }

    #[tokio::test]
    async fn answers_say_whether_it_is_worth_another_attempt() {
        for (answer, why, may_pass) in [
            ("HTTP/1.1 503 Busy\r\n\r\n", "127.0.0.1 answered with 503", true),
            ("HTTP/1.1 429 Slow\r\n\r\n", "127.0.0.1 answered with 429", true),
            ("HTTP/1.1 404 Gone\r\n\r\n", "127.0.0.1 answered with 404", false),
            (
                "HTTP/1.1 302 Go\r\nLocation: http://127.0.0.1:9/\r\n\r\n",
                "127.0.0.1 answered with 302, and redirects are not followed",
                false,
            ),
            ("", "the connection to 127.0.0.1 broke off", true),
        ] {
            let (sent, _) = post(answer).await;
            assert_eq!(sent, Err(NotSent { why: why.to_owned(), may_pass }));
        }
    }

    #[tokio::test]
    async fn a_failed_delivery_is_reported_without_the_address() {
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let closed = format!("http://{}/{CANARY}", free.local_addr().unwrap());
        drop(free);
        assert_eq!(send(&closed).await.unwrap_err().why, "127.0.0.1 could not be reached");
        for wrong in [CANARY.to_owned(), format!("ftp://h/{CANARY}"), format!("mailto:{CANARY}"), String::new()] {
            assert!(!send(&wrong).await.unwrap_err().may_pass, "{wrong}");
        }
        let unset = Place::Variable("XTREAM_SYNC_NO_SUCH_VARIABLE".to_owned()).address().await.unwrap_err();
        assert!(unset.why.contains("`XTREAM_SYNC_NO_SUCH_VARIABLE`"), "{unset:?}");
        let missing = Place::File("no/such/file".into()).address().await.unwrap_err();
        assert!(missing.why.starts_with("no/such/file can't be read"), "{missing:?}");
    }

    #[test]
    fn the_command_line_comes_before_the_settings_and_a_file_before_a_variable() {
        let mut home = Profile::new(ProfileId::new("home").unwrap());
        assert_eq!(Webhook::default().place(&home), None);
        home.hooks.webhook_env = Some("HOOK".to_owned());
        assert_eq!(Webhook::default().place(&home), Some(Place::Variable("HOOK".to_owned())));
        home.hooks.webhook_file = Some("hook".to_owned());
        assert_eq!(Webhook::default().place(&home), Some(Place::File("hook".into())));
        let other = Place::Variable("OTHER".to_owned());
        assert_eq!(Webhook::new(Some(other.clone())).place(&home), Some(other));
    }
}
