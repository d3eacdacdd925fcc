//! A developer's server that says what it likes, and what of it reaches a page.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use serde_json::{Value, json};
use tungstenite::protocol::Role;
use tungstenite::{Message, WebSocket};

use super::*;
use crate::assets::dev_server::MAX_SOCKETS;

/// A server that answers by the path, and hands over what it was asked.
fn serve(answer: fn(&str, &mut TcpStream)) -> (Assets, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (heard, asked) = channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, heard) = (stream.unwrap(), heard.clone());
            thread::spawn(move || {
                let request = head(&mut stream);
                let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
                let _ = heard.send(request);
                answer(&path, &mut stream);
            });
        }
    });
    let dev_server = DevServer::parse(&format!("http://localhost:{port}")).ok();
    (Pages { dev_server, ..Pages::default() }.open(true).unwrap(), asked)
}

fn head(stream: &mut TcpStream) -> String {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).is_ok_and(|read| read > 0) {}
    head
}

fn say(stream: &mut TcpStream, status: &str, headers: &str, body: &str) {
    let length = body.len();
    let text = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n{headers}\r\n{body}");
    let _ = stream.write_all(text.as_bytes());
}

#[test]
fn its_files_are_served_and_nothing_else_of_it() {
    let (assets, _asked) = serve(|path, stream| match path {
        "/" => say(stream, "200 OK", "content-type: text/html\r\nset-cookie: a=b\r\n", "<p>home"),
        "/a.js?t=1" => say(stream, "200 OK", "content-type: text/javascript\r\n", "script"),
        "/odd" => say(stream, "200 OK", "content-type: a\u{1}b\r\n", "odd"),
        "/none" => say(stream, "404 Not Found", "", "secret of the server"),
        "/away" => say(stream, "302 Found", "location: http://example.com/\r\n", ""),
        "/packed" => say(stream, "200 OK", "content-encoding: gzip\r\n", "\u{1f}"),
        "/long" => {
            let length = MAX_ASSET + 1;
            let _ = write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n");
            let _ = std::io::copy(&mut std::io::repeat(b'x').take(length), stream);
        }
        "/cut" => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nshort");
        }
        _ => {}
    });
    for (path, status, kind, body) in [
        ("", 200, "text/html", "<p>home"),
        ("?x#y", 502, "text/plain; charset=utf-8", "the dev server at"),
        ("a.js?t=1", 200, "text/javascript", "script"),
        ("a.js?t=1#fragment", 200, "text/javascript", "script"),
        ("none", 404, "text/plain; charset=utf-8", "the dev server answers with status 404"),
        ("away", 502, "text/plain; charset=utf-8", "the dev server answers with status 302"),
        ("packed", 502, "text/plain; charset=utf-8", "the dev server answers with a body"),
        ("long", 502, "text/plain; charset=utf-8", "the dev server answers with a body"),
        ("cut", 502, "text/plain; charset=utf-8", "the dev server answers with a body"),
        ("a b", 404, "text/plain; charset=utf-8", "there is no such address"),
        ("a\r\nx: y", 404, "text/plain; charset=utf-8", "there is no such address"),
        ("\u{e4}", 404, "text/plain; charset=utf-8", "there is no such address"),
    ] {
        let asset = ask(&assets, "GET", &format!("app://dev/{path}"), &[]);
        let text = String::from_utf8_lossy(&asset.body).into_owned();
        assert_eq!(asset.status, status, "{path}: {text}");
        assert_eq!(value(&asset, "content-type"), Some(kind), "{path}");
        assert!(text.starts_with(body), "{path}: {text}");
        assert_eq!(value(&asset, "set-cookie"), None);
        assert_eq!(value(&asset, "location"), None);
        assert!(value(&asset, "content-security-policy").is_some(), "{path}");
    }
    let odd = ask(&assets, "GET", "app://dev/odd", &[]);
    assert!(value(&odd, "content-type") != Some("a\u{1}b"), "{odd:?}");
}

#[test]
fn the_app_s_own_address_is_not_the_server_s() {
    let (assets, asked) = serve(|_, stream| say(stream, "200 OK", "", "of the server"));
    for url in ["app://localhost/", "app://dev.evil/", "app://dev", "http://localhost/"] {
        assert_eq!(ask(&assets, "GET", url, &[]).status, 404, "{url}");
    }
    assert_eq!(ask(&assets, "POST", "app://dev/", &[]).status, 405);
    assert!(asked.try_recv().is_err(), "and nobody asked it");
}

#[test]
fn f09_a_request_carries_an_address_and_what_is_accepted() {
    let (assets, asked) = serve(|_, stream| say(stream, "200 OK", "", ""));
    let evil = "text/css\r\nx-evil: 1";
    for (accept, sent) in [
        (None, "accept: */*\r\n"),
        (Some("text/css,*/*;q=0.1"), "accept: text/css,*/*;q=0.1\r\n"),
        (Some(evil), "accept: */*\r\n"),
        (Some("\0"), "accept: */*\r\n"),
    ] {
        let mut headers = vec![("cookie", "a=b"), ("x-forwarded-host", "evil"), ("host", "evil")];
        headers.extend(accept.map(|accept| ("accept", accept)));
        let path = "a/../b?c=%0d%0ax-evil:%201";
        assert_eq!(ask(&assets, "GET", &format!("app://dev/{path}"), &headers).status, 200);
        let request = asked.recv().unwrap().to_ascii_lowercase();
        assert!(request.contains(sent), "{request}");
        assert!(request.contains("\r\nhost: localhost:"), "{request}");
        for unsent in ["cookie", "forwarded", "evil\r\n", "\r\nx-evil"] {
            assert!(!request.contains(unsent), "{unsent}: {request}");
        }
    }
}

#[test]
fn a_server_that_does_not_listen_is_named() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let dev_server = DevServer::parse(&format!("http://127.0.0.1:{port}")).ok();
    let assets = Pages { dev_server, ..Pages::default() }.open(true).unwrap();
    let (status, text) = get(&assets, "GET", "app://dev/");
    assert_eq!(status, 502);
    assert!(text.contains(&format!("http://127.0.0.1:{port} does not answer")), "{text}");
}

/// What the sockets answer to `order`.
fn order(assets: &Assets, order: &str) -> (u16, Value) {
    let (status, text) = get(assets, "GET", &format!("app://dev/@sidegate/{order}"));
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

/// The messages of a socket, once there are some or it is closed.
fn take(assets: &Assets, id: &str) -> (Vec<String>, bool) {
    let start = Instant::now();
    loop {
        let (status, said) = order(assets, &format!("take?id={id}"));
        assert_eq!(status, 200);
        let messages: Vec<String> = serde_json::from_value(said["messages"].clone()).unwrap();
        let closed = said["closed"] == json!(true);
        if !messages.is_empty() || closed {
            return (messages, closed);
        }
        assert!(start.elapsed() < Duration::from_secs(20), "no message in time");
        thread::sleep(Duration::from_millis(5));
    }
}

/// A server with WebSockets, at `/?token=…` alone.
fn sockets() -> (Assets, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (heard, asked) = channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, heard) = (stream.unwrap(), heard.clone());
            thread::spawn(move || {
                let request = head(&mut stream);
                repeat(&request, stream);
                let _ = heard.send(request);
            });
        }
    });
    let dev_server = DevServer::parse(&format!("http://127.0.0.1:{port}")).ok();
    (Pages { dev_server, ..Pages::default() }.open(true).unwrap(), asked)
}

/// Greets, and repeats what it is told; `bye` ends it.
fn repeat(request: &str, mut stream: TcpStream) {
    let header = |name| request.lines().find_map(|line| line.strip_prefix(name));
    let (key, protocol) = (header("Sec-WebSocket-Key: "), header("Sec-WebSocket-Protocol: "));
    if !request.starts_with("GET /?token=x HTTP/1.1\r\n") || protocol != Some("vite-hmr") {
        return say(&mut stream, "400 Bad Request", "", "");
    }
    let both = format!("{}258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key.unwrap());
    let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, both.as_bytes());
    let accept = BASE64_STANDARD.encode(hash);
    let answer = format!("HTTP/1.1 101 Switching\r\nSec-WebSocket-Accept: {accept}\r\n\r\n");
    stream.write_all(answer.as_bytes()).unwrap();
    let mut line = WebSocket::from_raw_socket(stream, Role::Server, None);
    line.send(Message::text("hello")).unwrap();
    while let Ok(message) = line.read() {
        if message == Message::text("bye") || line.send(message).is_err() {
            break;
        }
    }
}

#[test]
fn a_page_speaks_with_the_server_over_addresses() {
    let (assets, _asked) = sockets();
    let (status, opened) = order(&assets, "open?at=%2F%3Ftoken%3Dx&protocol=vite-hmr");
    assert_eq!(status, 200, "{opened}");
    let id = opened["id"].as_str().unwrap();
    assert_eq!(take(&assets, id), (vec!["hello".to_owned()], false));
    assert_eq!(order(&assets, &format!("send?id={id}&text=a%26b")).0, 200);
    assert_eq!(take(&assets, id), (vec!["a&b".to_owned()], false));
    assert_eq!(order(&assets, &format!("send?id={id}&text=bye")).0, 200);
    let mut rest = take(&assets, id);
    while !rest.1 {
        rest = take(&assets, id);
    }
    assert_eq!(order(&assets, &format!("close?id={id}")).0, 200);
    for gone in [format!("take?id={id}"), format!("send?id={id}&text=x")] {
        assert_eq!(order(&assets, &gone).0, 404, "{gone}");
    }
}

#[test]
fn pages_that_did_not_say_goodbye_make_room() {
    let (assets, _asked) = sockets();
    let open = || {
        let (status, opened) = order(&assets, "open?at=%2F%3Ftoken%3Dx&protocol=vite-hmr");
        assert_eq!(status, 200, "{opened}");
        opened["id"].as_str().unwrap().to_owned()
    };
    let ids: Vec<_> = (0..MAX_SOCKETS).map(|_| open()).collect();
    let take = |id: &str| order(&assets, &format!("take?id={id}")).0;
    let (first, second) = (&ids[0], &ids[1]);
    assert_eq!(take(first), 200);
    let last = open();
    assert_eq!((take(first), take(second), take(&last)), (200, 404, 200), "the silent one went");
}

#[test]
fn localhost_is_whichever_address_listens() {
    let Ok(listener) = TcpListener::bind("[::1]:0") else {
        return; // a machine without it has one loopback address, which the other tests take
    };
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            head(&mut stream);
            say(&mut stream, "200 OK", "", "six");
        }
    });
    for host in ["localhost", "[::1]"] {
        let dev_server = DevServer::parse(&format!("http://{host}:{port}")).ok();
        let assets = Pages { dev_server, ..Pages::default() }.open(true).unwrap();
        assert_eq!(get(&assets, "GET", "app://dev/"), (200, "six".to_owned()), "{host}");
    }
}

#[test]
fn what_is_no_order_is_no_address() {
    let (assets, asked) = sockets();
    for (text, status) in [
        ("open", 404),
        ("open?at=/", 404),
        ("open?at=http://evil/&protocol=", 404),
        ("open?at=/%0d%0ax:%20y&protocol=", 404),
        ("open?at=/%20&protocol=", 404),
        ("open?at=/&protocol=a%0d%0ax:%20y", 404),
        ("open?at=/&protocol=a%2C%20b", 404),
        ("take?id=AAAA", 404),
        ("send?id=AAAA&text=x", 404),
        ("take", 404),
        ("other?id=x", 404),
        ("", 404),
    ] {
        assert_eq!(order(&assets, text).0, status, "{text}");
    }
    assert!(asked.try_recv().is_err(), "and the server heard of none");
    assert_eq!(order(&assets, "open?at=/none&protocol=").0, 502, "no WebSocket there");
}

#[test]
fn vite_s_client_is_given_a_socket_of_ours() {
    let (assets, _asked) = serve(|_, stream| {
        say(stream, "200 OK", "content-type: text/javascript\r\n", "new WebSocket(there);");
    });
    for (path, changed) in
        [("@vite/client", true), ("base/@vite/client?t=1", true), ("a.js", false)]
    {
        let (_, text) = get(&assets, "GET", &format!("app://dev/{path}"));
        assert!(text.ends_with("new WebSocket(there);"), "{path}");
        assert_eq!(text.contains("class extends EventTarget"), changed, "{path}");
    }
}
