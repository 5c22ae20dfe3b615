//! HTTP/1.1: chunks and heads.

use std::hint::black_box;
use std::mem::MaybeUninit;

use wirefeed::Step;
use wirefeed::h1::{chunked, head};

use crate::measure::Row;

pub(crate) fn chunk_rows() -> Vec<Row> {
    [(16, 20_000), (256, 2000), (4096, 200)].map(chunk_row).into()
}

fn chunk_row((size, items): (usize, usize)) -> Row {
    let mut wire = Vec::new();
    for _ in 0..items {
        chunked::encode_chunk(&vec![b'x'; size], &[], &mut wire).unwrap();
    }
    let name = format!("chunks of {size} B");
    Row { name, items, piece: 1 << 16, wire, peer: "httparse", bound: 2.0 }
}

pub(crate) fn chunks(wire: &[u8], piece: usize) -> usize {
    let (mut decoder, mut items) = (chunked::Decoder::new(), 0);
    for mut input in wire.chunks(piece) {
        while let Step::Item(item) = decoder.decode(&mut input).unwrap() {
            match item {
                chunked::Item::Data(piece) => {
                    black_box(piece);
                }
                item => items += usize::from(matches!(item, chunked::Item::Chunk(_))),
            }
        }
    }
    items
}

/// A loop over httparse, which looks at no byte between chunks and must have each size line whole: it
/// is given all of the stream at once.
pub(crate) fn httparse_chunks(wire: &[u8], _: usize) -> usize {
    let (mut rest, mut items) = (wire, 0);
    while let Ok(httparse::Status::Complete((line, size))) = httparse::parse_chunk_size(rest) {
        let end = line + size as usize;
        black_box(&rest[line..end]);
        rest = &rest[end + 2..];
        items += 1;
    }
    items
}

pub(crate) fn head_row() -> Row {
    let head = "GET /search?q=server+sent+events&source=hp&ei=abcdefghijklmnop HTTP/1.1\r\n\
        Host: www.example.com\r\n\
        Connection: keep-alive\r\n\
        Cache-Control: max-age=0\r\n\
        sec-ch-ua: \"Chromium\";v=\"130\", \"Google Chrome\";v=\"130\", \"Not?A_Brand\";v=\"99\"\r\n\
        sec-ch-ua-mobile: ?0\r\n\
        sec-ch-ua-platform: \"Linux\"\r\n\
        DNT: 1\r\n\
        Upgrade-Insecure-Requests: 1\r\n\
        User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/130.0.0.0 Safari/537.36\r\n\
        Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n\
        Sec-Fetch-Site: same-origin\r\n\
        Sec-Fetch-Mode: navigate\r\n\
        Sec-Fetch-User: ?1\r\n\
        Sec-Fetch-Dest: document\r\n\
        Accept-Encoding: gzip, deflate, br, zstd\r\n\
        Accept-Language: en-GB,en;q=0.9,de;q=0.8\r\n\
        Cookie: session=";
    let head = format!("{head}{}\r\n\r\n", "c".repeat(814 - head.len() - 4));
    let (items, name) = (1000, "head of 814 B, 17 fields".into());
    Row {
        name,
        items,
        piece: 1 << 20,
        wire: head.repeat(items).into(),
        peer: "httparse",
        bound: 1.7,
    }
}

pub(crate) fn heads(wire: &[u8], _: usize) -> usize {
    let (mut decoder, mut input, mut items) = (head::RequestDecoder::new(), wire, 0);
    while let Step::Item(head) = decoder.decode(&mut input).unwrap() {
        items += usize::from(black_box(head).len() == 17);
        decoder.reset();
    }
    items
}

pub(crate) fn httparse_heads(wire: &[u8], _: usize) -> usize {
    let (mut rest, mut items) = (wire, 0);
    while !rest.is_empty() {
        let mut headers = [const { MaybeUninit::uninit() }; 64];
        let mut request = httparse::Request::new(&mut []);
        let Ok(httparse::Status::Complete(len)) =
            request.parse_with_uninit_headers(rest, &mut headers)
        else {
            break;
        };
        items += usize::from(black_box(&request).headers.len() == 17);
        rest = &rest[len..];
    }
    items
}
