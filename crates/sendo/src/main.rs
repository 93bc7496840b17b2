//! The binary.

fn main() {
    let path = std::env::args().nth(1).unwrap_or_default();
    match sendo::config::Config::load(std::path::Path::new(&path)) {
        Ok(c) => println!("{c:#?}"),
        Err(e) => println!("{e}"),
    }
}
