//! A server that does as it is told, byte by byte: for the tests of the shells.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use super::wire::BaseUrl;

/// What the server does with the next request that it has read.
pub(super) enum Then {
    /// Answers, and leaves the connection open.
    Answer(String),
    /// Sends these bytes and hangs up.
    AnswerAndHangUp(Vec<u8>),
    /// Hangs up without a word.
    HangUp,
    /// Says nothing for as long as the client cares to wait.
    Hang,
}

/// A server with a script; what it was sent is kept in order.
pub(super) struct Server {
    pub(super) base_url: BaseUrl,
    requests: Arc<Mutex<Vec<String>>>,
    connections: Arc<AtomicUsize>,
}

impl Server {
    pub(super) fn with(script: Vec<Then>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base_url = BaseUrl::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let (requests, connections) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicUsize::new(0)));
        let server = Self { base_url, requests: Arc::clone(&requests), connections: Arc::clone(&connections) };
        thread::spawn(move || {
            let mut script = script.into_iter();
            let mut hanging = Vec::new();
            for stream in listener.incoming() {
                connections.fetch_add(1, Ordering::SeqCst);
                hanging.extend(serve(stream.unwrap(), &mut script, &requests));
            }
        });
        server
    }

    pub(super) fn sent(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// Serves one connection until either side hangs up. A connection that is to hang is handed back.
fn serve(
    stream: TcpStream,
    script: &mut impl Iterator<Item = Then>,
    requests: &Mutex<Vec<String>>,
) -> Option<TcpStream> {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut stream = stream;
    while let Some(request) = read_request(&mut reader) {
        requests.lock().unwrap().push(request);
        match script.next()? {
            Then::Answer(text) => stream.write_all(text.as_bytes()).unwrap(),
            Then::AnswerAndHangUp(bytes) => return stream.write_all(&bytes).ok().and(None),
            Then::HangUp => return None,
            Then::Hang => return Some(stream),
        }
    }
    None
}

fn read_request(reader: &mut BufReader<TcpStream>) -> Option<String> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let length = head.to_lowercase().lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    Some(head + &String::from_utf8(body).unwrap())
}

/// An answer in JSON; each header ends with a line break.
pub(super) fn http(status: &str, headers: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\n{headers}content-length: {}\r\n\r\n{body}",
        body.len()
    )
}
