use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;

fn main() -> std::io::Result<()> {
    let port = std::env::var("PORT").expect("PORT is not set");
    let cargo = ["/usr/bin/cargo", "/app/heroku/rust"].iter().any(|path| Path::new(path).exists());
    let template = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/main.rs")).exists();
    let body = format!("itoa says {}, cargo there: {cargo}, code there: {template}, own: {}\n", itoa::Buffer::new().format(3600000), option_env!("own").unwrap_or_default());
    for stream in TcpListener::bind(format!("0.0.0.0:{port}"))?.incoming() {
        let mut stream = stream?;
        let _ = stream.read(&mut [0; 4096])?;
        write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())?;
    }
    Ok(())
}
