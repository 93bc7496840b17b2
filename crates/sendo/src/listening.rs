//! The address a server answers at: taken before anything is written, so that a server that cannot have
//! it leaves nothing behind, and opened when everything is there.

use std::io::{ErrorKind, Result};
use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpSocket};

use crate::server::ServeError;

/// As many callers wait as where tokio listens by itself.
const WAITING: u32 = 1024;

/// An address that is this process's, or will be.
pub(crate) struct Taken {
    address: SocketAddr,
    /// `None` while whoever hands over its database listens there.
    socket: Option<TcpSocket>,
}

impl Taken {
    /// Takes an address, unless somebody has it who is about to go: who hands its database over.
    pub(crate) fn take(
        address: SocketAddr,
        goes: impl FnOnce() -> bool,
    ) -> std::result::Result<Self, ServeError> {
        let socket = match bound(address) {
            Ok(socket) => Some(socket),
            Err(error) if error.kind() == ErrorKind::AddrInUse && goes() => None,
            Err(source) => return Err(ServeError::Listen { address, source }),
        };
        Ok(Self { address, socket })
    }

    /// Callers are heard from now on.
    pub(crate) fn open(self) -> std::result::Result<TcpListener, ServeError> {
        let address = self.address;
        self.socket
            .map_or_else(|| bound(address), Ok)
            .and_then(|socket| socket.listen(WAITING))
            .map_err(|source| ServeError::Listen { address, source })
    }
}

/// A socket that has the address and refuses whoever calls, as nobody would be there.
fn bound(address: SocketAddr) -> Result<TcpSocket> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    // As everywhere: a restart does not wait for connections that linger.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}
