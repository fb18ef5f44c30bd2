//! A server that does as it is told, byte by byte, and counts who came.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

/// What the server does with the next request that it has read.
pub(super) enum Then {
    /// Answers, and leaves the connection open.
    Answer(String),
    /// Sends these bytes and hangs up.
    AnswerAndHangUp(Vec<u8>),
    /// Sends the first, and then the second again and again, for as long as somebody is there.
    Repeat { first: Vec<u8>, again: Vec<u8>, every: Duration },
    /// Hangs up without a word.
    HangUp,
    /// Tears the connection.
    Reset,
    /// Says nothing for as long as the client cares to wait.
    Hang,
}

/// An answer; each header ends with a line break.
pub(super) fn answer(status: &str, headers: &str, body: &str) -> String {
    let length = if status.starts_with("204") { String::new() } else { format!("content-length: {}\r\n", body.len()) };
    format!("HTTP/1.1 {status}\r\n{headers}{length}\r\n{body}")
}

/// A server with a script.
pub(super) struct Peer {
    pub(super) address: SocketAddr,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    requests: Mutex<Vec<String>>,
    connections: AtomicUsize,
    written: AtomicUsize,
}

impl Peer {
    pub(super) async fn with(script: Vec<Then>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let peer = Self { address: listener.local_addr().unwrap(), seen: Arc::default() };
        let seen = Arc::clone(&peer.seen);
        let script = Arc::new(Mutex::new(script.into_iter()));
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                seen.connections.fetch_add(1, Ordering::SeqCst);
                let (script, seen) = (Arc::clone(&script), Arc::clone(&seen));
                tokio::spawn(async move { serve(stream, || script.lock().unwrap().next(), &seen).await });
            }
        });
        peer
    }

    /// An address where nobody is.
    pub(super) async fn gone() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self { address: listener.local_addr().unwrap(), seen: Arc::default() }
    }

    /// Says this to whoever comes, before it is asked, and listens to nothing.
    pub(super) async fn talking_first(said: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let peer = Self { address: listener.local_addr().unwrap(), seen: Arc::default() };
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(said.as_bytes()).await.unwrap();
            std::future::pending::<()>().await;
        });
        peer
    }

    /// Speaks TLS, under a certificate for `localhost` that it has made itself (which it hands out), and thanks for what it
    /// hears through it.
    pub(super) fn with_a_certificate_of_its_own() -> (Self, Vec<u8>) {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let peer = Self { address: listener.local_addr().unwrap(), seen: Arc::default() };
        let seen = Arc::clone(&peer.seen);
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let certificate = made.cert.der().to_vec();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut tls = rustls::ServerConnection::new(Arc::new(config.clone())).unwrap();
                let mut heard = [0; 1_024];
                let mut stream = rustls::Stream::new(&mut tls, &mut stream);
                if let Ok(read @ 1..) = std::io::Read::read(&mut stream, &mut heard) {
                    seen.requests.lock().unwrap().push(String::from_utf8_lossy(&heard[..read]).into_owned());
                    let thanks = answer("200 OK", "connection: close\r\n", "");
                    std::io::Write::write_all(&mut stream, thanks.as_bytes()).unwrap();
                }
            }
        });
        (peer, certificate)
    }

    pub(super) fn url(&self, host: &str) -> String {
        format!("http://{host}:{}/hook?shop=7", self.address.port())
    }

    pub(super) fn encrypted_url(&self, host: &str) -> String {
        format!("https://{host}:{}/hook?shop=7", self.address.port())
    }

    pub(super) fn sent(&self) -> Vec<String> {
        self.seen.requests.lock().unwrap().clone()
    }

    pub(super) fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::SeqCst)
    }

    /// How many bytes of endless answers went out.
    pub(super) fn written(&self) -> usize {
        self.seen.written.load(Ordering::SeqCst)
    }
}

/// Serves one connection until either side hangs up, or the client has waited in vain.
async fn serve(stream: TcpStream, next: impl Fn() -> Option<Then>, seen: &Seen) -> Option<()> {
    let mut stream = BufReader::new(stream);
    while let Some(request) = read_request(&mut stream).await {
        seen.requests.lock().unwrap().push(request);
        match next()? {
            Then::Answer(text) => stream.write_all(text.as_bytes()).await.ok()?,
            Then::AnswerAndHangUp(bytes) => return stream.write_all(&bytes).await.ok(),
            Then::Repeat { first, again, every } => {
                stream.write_all(&first).await.ok()?;
                loop {
                    stream.write_all(&again).await.ok()?;
                    seen.written.fetch_add(again.len(), Ordering::SeqCst);
                    // Even no time at all is a whole tick of the timer.
                    if !every.is_zero() {
                        tokio::time::sleep(every).await;
                    }
                }
            }
            Then::HangUp => return None,
            Then::Reset => return stream.get_ref().set_zero_linger().ok(),
            Then::Hang => std::future::pending().await,
        }
    }
    None
}

async fn read_request(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head).await.ok()? == 0 {
            return None;
        }
    }
    let length = head.to_lowercase().lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).await.ok()?;
    Some(head + &String::from_utf8(body).unwrap())
}
