//! A very small panel: one category of each kind, one channel, three movies, one series.

use std::io::{BufRead, BufReader, Result, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

/// The login that it accepts.
pub const LOGIN: (&str, &str) = ("ann", "secret");

/// Serves on a free port until the program ends. Returns its address.
pub fn start() -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = format!("http://{}", listener.local_addr()?);
    thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            // A client may close its connection at any time.
            let _ = serve(connection);
        }
    });
    Ok(address)
}

/// Returns the address of a port at which nothing listens.
pub fn dead() -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    Ok(format!("http://{}", listener.local_addr()?))
}

/// Accepts connections on a free port until the program ends, and answers nothing. Returns its address.
pub fn silent() -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = format!("http://{}", listener.local_addr()?);
    thread::spawn(move || listener.incoming().flatten().collect::<Vec<_>>());
    Ok(address)
}

/// Answers one request, and closes the connection.
fn serve(mut connection: TcpStream) -> Result<()> {
    let mut lines = BufReader::new(&connection).lines();
    let request = lines.next().unwrap_or_else(|| Ok(String::new()))?;
    for line in lines {
        if line?.is_empty() {
            break;
        }
    }
    let body = answer(request.split(' ').nth(1).unwrap_or_default());
    let length = body.len();
    write!(connection, "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n")?;
    write!(connection, "connection: close\r\n\r\n{body}")
}

fn answer(target: &str) -> &'static str {
    let query = target.split_once('?').map_or("", |(_, query)| query);
    let value = |key: &str| {
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(name, _)| *name == key).map_or("", |(_, value)| value)
    };
    if (value("username"), value("password")) != LOGIN {
        return r#"{"user_info":{"auth":0}}"#;
    }
    match value("action") {
        "" => r#"{"user_info":{"auth":1,"status":"Active"},"server_info":{"timestamp_now":1700000000}}"#,
        "get_live_categories" | "get_vod_categories" | "get_series_categories" => {
            r#"[{"category_id":"1","category_name":"All","parent_id":0}]"#
        }
        "get_live_streams" => r#"[{"num":1,"name":"News","stream_id":11,"category_id":"1"}]"#,
        "get_vod_streams" => concat!(
            r#"[{"num":1,"name":"A film","stream_id":"21","category_id":"1"},"#,
            r#"{"num":2,"name":"Another film","stream_id":"22","category_id":"1"},"#,
            r#"{"num":3,"name":"A third film","stream_id":"23","category_id":"1"}]"#,
        ),
        "get_series" => r#"[{"num":1,"name":"A series","series_id":31,"category_id":1}]"#,
        _ => "[]",
    }
}
