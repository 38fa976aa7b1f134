//! One encoding a value: everything else is refused by name.

#![allow(non_snake_case, reason = "names of tests")]

use zkattest_blocks::Fault;
use zkattest_blocks::rlp::{Item, Reader, list_head, write_number};

fn only(data: &[u8]) -> Result<(bool, &[u8]), Fault> {
    Item::only(data).map(|item| (item.is_list, item.payload))
}

#[test]
fn item__read_in_each_form() {
    assert_eq!(only(&[0x7f]), Ok((false, &[0x7f][..])));
    assert_eq!(only(&[0x80]), Ok((false, &[][..])));
    assert_eq!(only(&[0x81, 0x80]), Ok((false, &[0x80][..])));
    assert_eq!(only(&[0xc0]), Ok((true, &[][..])));
    let long = [&[0xb8, 56][..], &[1; 56]].concat();
    assert_eq!(only(&long), Ok((false, &[1; 56][..])));
    let list = [&[0xf8, 56][..], &[1; 56]].concat();
    assert_eq!(only(&list), Ok((true, &[1; 56][..])));
}

#[test]
fn item__refused_second_encoding() {
    // A small byte behind a head, a short length in the long form, a length with a leading zero.
    assert_eq!(only(&[0x81, 0x7f]), Err(Fault::NotCanonical));
    let short = [&[0xb8, 55][..], &[1; 55]].concat();
    assert_eq!(only(&short), Err(Fault::NotCanonical));
    let padded = [&[0xb9, 0, 56][..], &[1; 56]].concat();
    assert_eq!(only(&padded), Err(Fault::NotCanonical));
}

#[test]
fn item__refused_length_beyond_the_data() {
    assert_eq!(only(&[]), Err(Fault::MissingField));
    assert_eq!(only(&[0x82, 1]), Err(Fault::Truncated));
    assert_eq!(only(&[0xb9, 1]), Err(Fault::Truncated));
    // The largest length there is must not overflow.
    assert_eq!(only(&[0xff; 9]), Err(Fault::Truncated));
    assert_eq!(only(&[0xc0, 0]), Err(Fault::TrailingBytes));
}

#[test]
fn number__refused_leading_zero_and_size() {
    let number =
        |data: &'static [u8]| Item::only(data).and_then(|item| item.number(2).map(<[u8]>::len));
    assert_eq!(number(&[0x80]), Ok(0));
    assert_eq!(number(&[0x82, 1, 0]), Ok(2));
    assert_eq!(number(&[0x00]), Err(Fault::LeadingZero));
    assert_eq!(
        number(&[0x83, 1, 0, 0]),
        Err(Fault::TooLong { limit_bytes: 2 })
    );
    assert_eq!(number(&[0xc0]), Err(Fault::ExpectedBytes));
}

#[test]
fn written__reads_back() {
    for value in [0, 1, 0x7f, 0x80, 0xff, 0x100, u64::MAX] {
        let mut out = Vec::new();
        write_number(&mut out, value);
        assert_eq!(Item::only(&out).and_then(Item::uint64), Ok(value));
    }
    for size in [0, 55, 56, 255, 256, 70_000] {
        let data = [list_head(size), vec![1; size]].concat();
        let mut reader = Item::only(&data).and_then(Item::list).unwrap();
        assert_eq!(reader.remaining_bytes(), size);
        assert_eq!(reader.item().is_ok(), size > 0);
        assert!(Reader::new(&[]).is_done());
    }
}
