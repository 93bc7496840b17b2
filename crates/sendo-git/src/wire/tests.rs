//! The formats against themselves and against anything: what is written is read again, and no bytes
//! make a reader panic, loop or take much memory.

use std::collections::BTreeMap;
use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use sha1::{Digest, Sha1};

use super::delta::{self, Splice};
use super::fault::{Garbled, RemoteFault};
use super::fetch::FetchListener;
use super::heavy::all_seats;
use super::listing;
use super::pack_read::{Pack, Packed};
use super::pack_spool::Spool;
use super::pack_write::{Kind, NewObject, encoded, pack};
use super::pkt::{self, Pkt, PktBuffer};
use super::refs::RefsListener;
use super::report::ReportListener;
use super::service::{Listener, OfferListener};
use crate::history::parse_commit;
use crate::objects::Entry;
use crate::oid::Oid;
use crate::tree::Mode;

const LIMIT: u64 = 1024 * 1024;

fn read(bytes: &[u8], files: bool) -> Result<Pack, Garbled> {
    let mut spool = Spool::default();
    // As a network cuts it.
    for piece in bytes.chunks(7) {
        spool.feed(piece);
        if piece.len() < 7 || spool.is_full() {
            spool = spool.write()?;
        }
    }
    Pack::index(spool, files)
}

fn object(pack: &mut Pack, oid: Oid) -> Option<(Kind, Vec<u8>)> {
    match pack.object(oid).unwrap()? {
        Packed::Object(kind, bytes) => Some((kind, bytes.to_vec())),
        Packed::TooLarge(_) => None,
    }
}

/// Puts bytes through a listener as an answer would be.
fn hear<L: Listener>(mut listener: L, bytes: &[u8]) -> Result<L, RemoteFault> {
    let mut buffer = PktBuffer::default();
    for piece in bytes.chunks(11) {
        buffer.feed(piece);
        while let Some(pkt) = buffer.next()? {
            listener.hear(pkt)?;
        }
    }
    Ok(listener)
}

/// Everything that reads what a server sends.
fn read_as_everything(bytes: &[u8]) {
    let _ = hear(RefsListener::default(), bytes);
    let _ = hear(OfferListener::default(), bytes);
    let _ = hear(ReportListener::default(), bytes);
    if let Ok(heard) = hear(FetchListener::default(), bytes) {
        let _ = Pack::index(heard.pack, true);
    }
    for files in [true, false] {
        if let Ok(mut pack) = read(&summed(bytes), files) {
            for oid in pack.names().collect::<Vec<_>>() {
                let _ = pack.object(oid);
            }
        }
    }
    let _ = delta::apply(b"some base", bytes, LIMIT);
    let wanted = BTreeMap::from([("k".to_owned(), Some((0o100_644, Oid::ZERO)))]);
    let _ = (listing::entries(bytes), listing::edit(bytes, &wanted));
    let _ = parse_commit(Oid::ZERO, bytes);
}

/// A pack's last bytes are a sum over the rest: without one, nothing else of it is looked at.
fn summed(bytes: &[u8]) -> Vec<u8> {
    [bytes, Sha1::digest(bytes).as_slice()].concat()
}

/// Valid answers of every kind, to be damaged.
fn answers() -> Vec<Vec<u8>> {
    let framed = |lines: &[&[u8]]| {
        let mut out = Vec::new();
        lines.iter().for_each(|line| pkt::write(&mut out, line));
        pkt::flush(&mut out);
        out
    };
    let oid = Oid::EMPTY_TREE;
    let packed = some_pack();
    let band = [b"\x01".as_slice(), &packed].concat();
    let report = framed(&[b"unpack ok\n", b"ok refs/heads/main\n", b"ng refs/x no\n"]);
    let banded = [b"\x01".as_slice(), &report].concat();
    let refs = format!("{oid} refs/tags/v1 peeled:{oid}\n");
    vec![
        framed(&[refs.as_bytes()]),
        framed(&[
            b"version 2\n",
            b"fetch=shallow filter\n",
            b"object-format=sha1\n",
        ]),
        framed(&[format!("{oid} refs/heads/main\0atomic object-format=sha1").as_bytes()]),
        framed(&[b"packfile\n", &band]),
        framed(&[&banded]),
        report,
        packed[..packed.len() - 20].to_vec(),
        delta::encode(
            b"some base",
            &[Splice::between(b"some base", b"some other base")],
        ),
    ]
}

fn some_pack() -> Vec<u8> {
    let base = NewObject::whole(Kind::Blob, vec![7; 300]);
    let splice = Splice {
        at: 100,
        removed: 3,
        inserted: vec![1, 2],
    };
    let next = NewObject::of(Kind::Blob, (base.oid, &base.bytes), &[splice]);
    let tree = NewObject::whole(Kind::Tree, listing_of(&[("k", 0o100_644)]));
    encoded(&[(&base, false), (&next, true), (&tree, false)])
}

fn listing_of(lines: &[(&str, u32)]) -> Vec<u8> {
    let wanted = |(name, mode): &(&str, u32)| ((*name).to_owned(), Some((*mode, Oid::EMPTY_TREE)));
    let wanted = lines.iter().map(wanted).collect();
    delta::spliced(b"", &listing::edit(b"", &wanted).unwrap())
}

/// git's order, told in another way than the code under test does.
fn sorted(mut entries: Vec<Entry>) -> Vec<Entry> {
    entries.sort_by_key(|entry| {
        let name = String::from_utf8(entry.name.clone()).unwrap();
        match Mode::of(entry.mode) {
            Mode::Folder => name + "/",
            _ => name,
        }
    });
    entries
}

fn lines() -> impl Strategy<Value = BTreeMap<String, (u32, [u8; 20])>> {
    let mode = prop_oneof![Just(0o040_000), Just(0o100_644), Just(0o100_755)];
    btree_map("[a-c.0-]{1,3}", (mode, any::<[u8; 20]>()), 0..12)
}

proptest! {
    #[test]
    fn a_delta_makes_what_it_was_made_of(
        front in vec(any::<u8>(), 0..200), old in vec(any::<u8>(), 0..300),
        new in vec(any::<u8>(), 0..300), back in vec(any::<u8>(), 0..200), times in 1_usize..200,
    ) {
        let (front, back) = (front.repeat(times), back.repeat(times));
        let (old, new) = ([&front[..], &old, &back].concat(), [&front[..], &new, &back].concat());
        let splices = [Splice::between(&old, &new)];
        prop_assert_eq!(&delta::spliced(&old, &splices), &new);
        prop_assert_eq!(delta::apply(&old, &delta::encode(&old, &splices), LIMIT).unwrap(), new);
    }

    #[test]
    fn an_edited_listing_is_what_sorting_anew_gives(old in lines(), new in lines(), keep in any::<u32>()) {
        let wanted = |(name, (mode, oid)): (&String, &(u32, [u8; 20]))| {
            (name.clone(), Some((*mode, Oid::from_bytes(*oid))))
        };
        let bytes = delta::spliced(b"", &listing::edit(b"", &old.iter().map(wanted).collect()).unwrap());
        // A name stays a file or a folder: the other is refused before it gets here.
        let same = |name: &String, mode: u32| old.get(name).is_none_or(|(was, _)| {
            Mode::of(*was) == Mode::Folder && mode == 0o040_000
                || Mode::of(*was) != Mode::Folder && mode != 0o040_000
        });
        let mut edits: BTreeMap<_, _> = new.iter().filter(|(name, line)| same(name, line.0)).map(wanted).collect();
        for (n, name) in old.keys().enumerate() {
            if keep >> n & 1 == 0 {
                edits.insert(name.clone(), None);
            }
        }
        let splices = listing::edit(&bytes, &edits).unwrap();
        let edited = delta::spliced(&bytes, &splices);
        let mut model: BTreeMap<_, _> = old.iter().map(wanted).collect();
        model.extend(edits);
        let model = model.into_iter().filter_map(|(name, line)| {
            line.map(|(mode, oid)| Entry { mode, name: name.into_bytes(), oid })
        });
        prop_assert_eq!(listing::entries(&edited).unwrap(), sorted(model.collect()));
        let told = delta::apply(&bytes, &delta::encode(&bytes, &splices), LIMIT).unwrap();
        prop_assert_eq!(told, edited);
    }

    #[test]
    fn a_pack_holds_what_was_put_into_it(contents in vec(vec(any::<u8>(), 1..2_000), 1..20)) {
        let mut objects = vec![NewObject::whole(Kind::Blob, contents[0].clone())];
        for content in &contents {
            let before = objects.last().unwrap();
            let content = [&before.bytes[..], content].concat();
            let splice = Splice::between(&before.bytes, &content);
            let next = NewObject::of(Kind::Blob, (before.oid, &before.bytes), &[splice]);
            objects.push(next);
        }
        // Bases after what is made of them are allowed, too.
        let told: Vec<_> = objects.iter().rev().map(|object| (object, true)).collect();
        let mut read = read(&encoded(&told), true).unwrap();
        for expected in objects {
            let found = object(&mut read, expected.oid);
            prop_assert_eq!(found, Some((Kind::Blob, expected.bytes.to_vec())));
        }
    }

    #[test]
    fn no_bytes_make_a_reader_panic(bytes in vec(any::<u8>(), 0..600)) {
        read_as_everything(&bytes);
        read_as_everything(&[b"PACK\0\0\0\x02\0\0\0\x03".as_slice(), &bytes].concat());
    }

    #[test]
    fn no_damage_makes_a_reader_panic(
        which in any::<prop::sample::Index>(),
        damage in vec((any::<prop::sample::Index>(), any::<u8>(), 0_u8..3), 1..6),
    ) {
        let mut answer = which.get(&answers()).clone();
        for (at, byte, how) in damage {
            let at = at.index(answer.len());
            match how {
                0 => answer[at] = byte,
                1 => answer.insert(at, byte),
                _ if answer.len() > 1 => drop(answer.remove(at)),
                _ => {}
            }
        }
        read_as_everything(&answer);
    }
}

#[test]
fn the_answers_that_are_damaged_are_good_ones() {
    for answer in answers() {
        read_as_everything(&answer);
    }
    let all = answers();
    assert_eq!(
        hear(RefsListener::default(), &all[0])
            .unwrap()
            .entries
            .len(),
        1
    );
    assert!(
        hear(OfferListener::default(), &all[1])
            .unwrap()
            .offer
            .filter
    );
    assert!(
        hear(OfferListener::default(), &all[2])
            .unwrap()
            .offer
            .atomic
    );
    let fetched = hear(FetchListener::default(), &all[3]).unwrap();
    assert_eq!(Pack::index(fetched.pack, true).unwrap().names().count(), 3);
    for report in &all[4..6] {
        assert!(
            hear(ReportListener::default(), report)
                .unwrap()
                .is_complete()
        );
    }
    assert_eq!(read(&summed(&all[6]), false).unwrap().names().count(), 1);
}

/// A pack of one object that says it has `size` bytes and has others.
fn liar(size: u64, bytes: &[u8]) -> Vec<u8> {
    let mut pack = b"PACK\0\0\0\x02\0\0\0\x01".to_vec();
    pack.push(0xb0 | (size & 0x0f) as u8);
    let mut rest = size >> 4;
    while rest > 0x7f {
        pack.push(0x80 | (rest & 0x7f) as u8);
        rest >>= 7;
    }
    pack.push(rest as u8);
    let mut encoder = ZlibEncoder::new(pack, Compression::best());
    encoder.write_all(bytes).unwrap();
    summed(&encoder.finish().unwrap())
}

#[test]
fn an_object_that_lies_about_its_size_is_stopped_there() {
    let zeros = vec![0; 4 * 1024 * 1024];
    let said = |size| read(&liar(size, &zeros), true).unwrap_err().0;
    assert_eq!(said(100), "an object larger than it says");
    assert_eq!(said(1 << 30), "an object smaller than it says");
    assert_eq!(said(1 << 62), "an object of an impossible size");
    assert_eq!(said(1 << 50), "a pack that inflates without end");
}

#[test]
fn a_delta_that_lies_is_refused() {
    let base = b"0123456789";
    let lies: [(&[u8], &str); 7] = [
        (&[11, 1, 1, b'x'], "a delta of another object"),
        (
            &[10, 2, 0x90, 11],
            "a delta that copies from beyond its base",
        ),
        (&[10, 2, 1, b'x'], "a delta that makes less than it says"),
        (
            &[10, 1, 2, b'x', b'y'],
            "a delta that makes more than it says",
        ),
        (&[10, 1, 0], "a delta with an unknown instruction"),
        (&[10, 1, 5, b'x'], "a delta that ends early"),
        (
            &[10, 0xff, 0xff, 0xff, 0xff, 0x7f],
            "a delta that makes too large an object",
        ),
    ];
    for (delta, said) in lies {
        assert_eq!(delta::apply(base, delta, LIMIT).unwrap_err().0, said);
    }
}

#[test]
fn a_delta_of_itself_or_of_nothing_is_not_followed() {
    let object = NewObject::whole(Kind::Blob, vec![1; 100]);
    let (mut orphan, mut snake) = (object.clone(), object.clone());
    orphan.delta = Some((Oid::EMPTY_TREE, delta::encode(b"", &[])));
    snake.delta = Some((object.oid, delta::encode(&object.bytes, &[])));
    let read = read(&encoded(&[(&orphan, true), (&snake, true)]), true).unwrap();
    assert_eq!(read.names().count(), 0);
    // Nor is one written.
    let written = self::read(&pack([&snake].into_iter()), true).unwrap();
    assert_eq!(written.names().collect::<Vec<_>>(), [object.oid]);
}

#[tokio::test]
async fn large_packs_wait_for_each_other_off_the_runtime_and_small_ones_for_nobody() {
    let soon = std::time::Duration::from_millis(100);
    let band = |bytes: &[u8]| Pkt::Data([b"\x01", bytes].concat());
    let (mut small, mut large) = (FetchListener::default(), FetchListener::default());
    for listener in [&mut small, &mut large] {
        listener.hear(Pkt::Data(b"packfile\n".to_vec())).unwrap();
    }
    let seats = all_seats().await;
    let piece = vec![7; 300 * 1024];
    small.hear(band(&piece)).unwrap();
    small.settle().await.unwrap();
    assert!(!small.pack.is_full());
    // More than is held in memory: to a file, for which all seats are taken.
    large.hear(band(&piece.repeat(10))).unwrap();
    let writing = tokio::spawn(async move { large.settle().await.map(|()| large) });
    tokio::time::sleep(soon).await;
    assert!(!writing.is_finished());
    drop(seats);
    let large = writing.await.unwrap().unwrap();
    assert!(!large.pack.is_full() && large.pack.is_large());
}
