//! The listener of `watch --metrics`: `/metrics` for Prometheus, and `/healthz` for supervisors.
//!
//! A client can't disturb the watcher. Each connection serves one request and has a time limit, and few connections are
//! served at once.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use sync_service::watch::Metrics;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::failure::Failure;
use super::terminal::print_err;

/// The number of connections that are served at once. Others wait in the queue of the system.
const CONNECTIONS: usize = 16;

/// The time after which a connection is closed in any case.
const LIMIT: Duration = Duration::from_secs(10);

/// The time within which a request has to arrive.
const REQUEST_LIMIT: Duration = Duration::from_secs(5);

/// The wait after a connection could not be accepted, for example because no file can be opened.
const PAUSE: Duration = Duration::from_secs(1);

/// A listener for metrics.
pub(crate) struct MetricsListener(TcpListener);

impl MetricsListener {
    /// Listens on an address, and prints where it listens. Port 0 is any free port.
    pub(crate) async fn bind(address: SocketAddr) -> Result<Self, Failure> {
        let failed = |error: &io::Error| {
            let message = format!("the metrics can't be served on {address}: {error}");
            Failure::usage(message, "name another address or port with --metrics; nothing was synced")
        };
        let listener = TcpListener::bind(address).await.map_err(|error| failed(&error))?;
        let bound = listener.local_addr().map_err(|error| failed(&error))?;
        if !bound.ip().is_loopback() {
            print_err(&format!(
                "warning: whoever reaches {bound} can read the metrics; they name profiles, and hold no login"
            ));
        }
        print_err(&format!("note: metrics at http://{bound}/metrics"));
        Ok(Self(listener))
    }

    /// Serves metrics until the future is dropped.
    pub(crate) async fn serve(self, metrics: Arc<Metrics>) -> Infallible {
        let mut connections = JoinSet::new();
        loop {
            while connections.len() >= CONNECTIONS {
                connections.join_next().await;
            }
            tokio::select! {
                Some(_) = connections.join_next() => {}
                accepted = self.0.accept() => match accepted {
                    Ok((stream, _)) => drop(connections.spawn(connection(stream, Arc::clone(&metrics)))),
                    Err(_) => tokio::time::sleep(PAUSE).await,
                },
            }
        }
    }
}

async fn connection(stream: TcpStream, metrics: Arc<Metrics>) {
    let service = service_fn(move |request: Request<Incoming>| {
        let answer = answer(request.method(), request.uri().path(), &metrics);
        async { Ok::<_, Infallible>(answer) }
    });
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(REQUEST_LIMIT).keep_alive(false);
    // A client that goes away or is too slow loses its answer. Nothing else is affected.
    let _ = tokio::time::timeout(LIMIT, server.serve_connection(TokioIo::new(stream), service)).await;
}

fn answer(method: &Method, path: &str, metrics: &Metrics) -> Response<Full<Bytes>> {
    let (status, kind, text) = match path {
        _ if ![Method::GET, Method::HEAD].contains(method) => {
            (StatusCode::METHOD_NOT_ALLOWED, PLAIN, "use GET\n".to_owned())
        }
        "/metrics" => (StatusCode::OK, Metrics::CONTENT_TYPE, metrics.text()),
        "/healthz" if metrics.is_alive() => (StatusCode::OK, PLAIN, "ok\n".to_owned()),
        "/healthz" => (StatusCode::SERVICE_UNAVAILABLE, PLAIN, "the watcher gives no sign of life\n".to_owned()),
        _ => (StatusCode::NOT_FOUND, PLAIN, "there are /metrics and /healthz\n".to_owned()),
    };
    let answer = Response::builder().status(status).header(CONTENT_TYPE, kind).header(CACHE_CONTROL, "no-store");
    let allowed = (status == StatusCode::METHOD_NOT_ALLOWED).then_some((ALLOW, "GET, HEAD"));
    let answer = allowed.into_iter().fold(answer, |answer, (name, value)| answer.header(name, value));
    answer.body(Full::new(text.into())).expect("the headers are valid")
}

const PLAIN: &str = "text/plain; charset=utf-8";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::exit::Exit;

    use sync_core::testing::FixedClock;
    use sync_service::watch::{METRICS, Metric, MetricType, WatchEvent, WatchObserver};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    async fn listening() -> (SocketAddr, Arc<Metrics>, FixedClock) {
        let clock = FixedClock::default();
        let metrics = Arc::new(Metrics::new(Arc::new(clock.clone())));
        let listener = MetricsListener::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let address = listener.0.local_addr().unwrap();
        tokio::spawn(listener.serve(Arc::clone(&metrics)));
        (address, metrics, clock)
    }

    async fn ask(address: SocketAddr, request: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    async fn get(address: SocketAddr, path: &str) -> String {
        ask(address, &format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n")).await
    }

    #[tokio::test]
    async fn metrics_and_health_are_served_and_nothing_else() {
        let (address, metrics, clock) = listening().await;
        let text = get(address, "/metrics?name[]=x").await;
        assert!(text.starts_with("HTTP/1.1 200") && text.contains("version=0.0.4"), "{text}");
        assert!(text.contains("\nxtream_sync_start_time_seconds 1700000000\n"), "{text}");
        assert!(get(address, "/healthz").await.starts_with("HTTP/1.1 503"), "it hasn't looked yet");
        metrics.event(&WatchEvent::Upcoming(&[]));
        assert!(get(address, "/healthz").await.starts_with("HTTP/1.1 200"));
        clock.pass(Duration::from_secs(181));
        assert!(get(address, "/healthz").await.starts_with("HTTP/1.1 503"));
        for path in ["/", "/metrics/", "/healthz/x", "/metrics/../x"] {
            assert!(get(address, path).await.starts_with("HTTP/1.1 404"), "{path}");
        }
        let posted = ask(address, "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello").await;
        assert!(posted.starts_with("HTTP/1.1 405") && posted.contains("allow: GET, HEAD"), "{posted}");
        let head = ask(address, "HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n").await;
        assert!(head.starts_with("HTTP/1.1 200") && head.ends_with("\r\n\r\n"), "{head}");
    }

    #[tokio::test(start_paused = true)]
    async fn many_silent_clients_are_turned_away() {
        let (address, ..) = listening().await;
        let mut silent = Vec::new();
        for _ in 0..3 * CONNECTIONS {
            silent.push(TcpStream::connect(address).await.unwrap());
        }
        assert!(get(address, "/metrics").await.starts_with("HTTP/1.1 200"));
        let mut slow = TcpStream::connect(address).await.unwrap();
        slow.write_all(b"GET /metrics HTTP/1.1\r\nHost: ").await.unwrap();
        let mut rest = Vec::new();
        assert!(slow.read_to_end(&mut rest).await.is_ok() && !rest.starts_with(b"HTTP/1.1 200"));
    }

    /// The table of `docs/watch.md` is made from the list of metrics.
    #[test]
    fn the_documents_have_every_metric() {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
        let document = std::fs::read_to_string(format!("{root}/docs/watch.md")).unwrap();
        let row = |metric: &Metric| {
            let labels: Vec<_> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
            let labels = if labels.is_empty() { "–".to_owned() } else { labels.join(", ") };
            format!("| `{}` | {} | {labels} | {} |", metric.name, metric.metric_type.as_str(), metric.help)
        };
        let expected: Vec<_> = METRICS.iter().map(row).collect();
        let found: Vec<_> = document.lines().filter(|line| line.starts_with("| `xtream_sync_")).collect();
        assert_eq!(found, expected, "the table should be:\n{}", expected.join("\n"));
    }

    /// Documents, dashboard and rules name only metrics that exist.
    #[test]
    fn no_file_names_another_metric() {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
        let files = [
            "docs/watch.md",
            "contrib/README.md",
            "contrib/grafana/xtream-sync.json",
            "contrib/prometheus/xtream-sync-rules.yaml",
        ];
        let mut named = 0;
        for file in files {
            let text = std::fs::read_to_string(format!("{root}/{file}")).unwrap();
            for (at, _) in text.match_indices("xtream_sync_") {
                let name: String = text[at..].chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
                let is_of = |metric: &Metric| {
                    let of_histogram = ["_bucket", "_sum", "_count"].map(|end| format!("{}{end}", metric.name));
                    metric.name == name || (metric.metric_type == MetricType::Histogram && of_histogram.contains(&name))
                };
                assert!(METRICS.iter().any(is_of), "{file}: there is no metric {name}");
                named += 1;
            }
        }
        assert!(named > 2 * METRICS.len(), "{named}");
        let dashboard = std::fs::read(format!("{root}/{}", files[2])).unwrap();
        let dashboard: serde_json::Value = serde_json::from_slice(&dashboard).unwrap();
        let panels = dashboard["panels"].as_array().unwrap();
        assert!(panels.iter().all(|panel| panel["targets"].as_array().is_some_and(|all| !all.is_empty())));
    }

    #[tokio::test]
    async fn a_port_that_is_taken_is_an_error_of_usage() {
        let (address, ..) = listening().await;
        let failure = MetricsListener::bind(address).await.err().unwrap();
        assert_eq!(failure.exit(), Exit::Usage);
    }
}
