//! Gitea judges as a forge does: who may merge what, and what it tells others.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::forge::Forge;
use crate::wait;

#[test]
fn a_change_needs_its_check_a_second_user_and_its_own_head() {
    let forge = Forge::with_repository("manifests");
    forge.protect();
    let head = forge.push("sendo/web", &[("image.yaml", "tag: 2\n")]);
    let change = forge.open("sendo/web");
    let early = wait::until("Gitea knows whether it could be merged", 20, || {
        let (status, said) = forge.merge(change, &head);
        (!said.to_string().contains("try again later")).then_some((status, said.to_string()))
    });
    assert_eq!(early.0, 405, "{}", early.1);

    forge.report(&head);
    forge.approve(change, &head);
    let other = "0".repeat(40);
    let refused = wait::until("a wrong head is told", 20, || {
        let (status, said) = forge.merge(change, &other);
        (status != 405).then_some((status, said.to_string()))
    });
    assert_eq!(refused.0, 409, "{}", refused.1);
    wait::until("the merge", 20, || {
        (forge.merge(change, &head).0 == 200).then_some(())
    });
}

#[test]
fn a_push_is_told_by_a_signed_webhook() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let forge = Forge::with_repository("hooked");
    forge.hook(
        &format!("http://{}/", listener.local_addr().unwrap()),
        "s3cret",
    );
    let pushed = forge.push("told", &[("a", "b\n")]);
    // Events of one push arrive in any order.
    let body = loop {
        let (head, body) = take(&listener);
        let mut mac = Hmac::<Sha256>::new_from_slice(b"s3cret").unwrap();
        mac.update(&body);
        let expected: String = mac
            .finalize()
            .into_bytes()
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect();
        assert_eq!(
            header(&head, "x-gitea-signature"),
            Some(expected.as_str()),
            "{head}"
        );
        if header(&head, "x-gitea-event") == Some("push") {
            break String::from_utf8(body).unwrap();
        }
    };
    assert!(body.contains(&pushed), "{body}");
}

fn take(listener: &TcpListener) -> (String, Vec<u8>) {
    let (stream, _) = listener.accept().unwrap();
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while reader.read_line(&mut head).unwrap() > 2 {}
    let length = header(&head, "content-length").unwrap().parse().unwrap();
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let answer = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
    reader.get_mut().write_all(answer).unwrap();
    (head, body)
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (found, value) = line.split_once(": ")?;
        found.eq_ignore_ascii_case(name).then_some(value.trim())
    })
}
