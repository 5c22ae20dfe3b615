//! HTTP/1.1: chunks and heads.

use std::hint::black_box;
use std::mem::MaybeUninit;

use http::{HeaderMap, HeaderName, HeaderValue};
use wirefeed::Step;
use wirefeed::h1::{chunked, head};

use crate::measure::{Row, Run};
use crate::pico::Pico;

/// Chunks in.
pub(crate) fn chunk_rows(run: Run<'_>, pico: Option<&Pico>) {
    for (size, items, piece) in [
        (16, 20_000, 1 << 16),
        (256, 2000, 1 << 16),
        (256, 2000, 1460),
        (256, 2000, 16),
        (4096, 200, 1 << 16),
        (65_536, 16, 1 << 16),
    ] {
        let mut wire = Vec::new();
        for _ in 0..items {
            chunked::encode_chunk(&vec![b'x'; size], &[], &mut wire).unwrap();
        }
        // In the smallest pieces it only counts down, where we also look whether a piece is there.
        let bound = if piece == 16 { 2.8 } else { 1.25 };
        let name = format!("chunks of {size} B, {piece} B pieces");
        let row = Row { name, items, piece, wire, peer: "httparse", bound };
        run(vec![row.clone()], &mut chunks, &mut httparse_chunks);
        if piece == 1 << 16 {
            let row = Row { peer: "httparse, uncut", bound: 1.5, ..row.clone() };
            run(vec![row], &mut chunks, &mut httparse_uncut);
        }
        if let Some(pico) = pico {
            let mut theirs = |wire: &[u8], piece: usize| pico.chunks(wire, piece, size);
            run(vec![Row { peer: "picohttpparser", bound: 0.9, ..row }], &mut chunks, &mut theirs);
        }
    }
}

fn chunks(wire: &[u8], piece: usize) -> usize {
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

/// A loop over httparse, which must have each size line whole: what is left of one at the end of a
/// piece is joined with what comes. It looks at no byte between chunks.
fn httparse_chunks(wire: &[u8], piece: usize) -> usize {
    let (mut left, mut line, mut items) = (0, Vec::new(), 0);
    for mut input in wire.chunks(piece) {
        loop {
            // Data and the CRLF after it.
            let (data, rest) = input.split_at(input.len().min(left));
            black_box(data);
            left -= data.len();
            input = rest;
            if input.is_empty() {
                break;
            }
            if line.is_empty() {
                if let Some((len, size)) = size_line(input) {
                    input = &input[len..];
                    left = size + 2;
                    items += 1;
                } else {
                    line.extend_from_slice(input);
                    break;
                }
            } else {
                let before = line.len();
                let end = input.iter().position(|&byte| byte == b'\n');
                line.extend_from_slice(&input[..end.map_or(input.len(), |lf| lf + 1)]);
                let Some((len, size)) = size_line(&line) else { break };
                input = &input[len - before..];
                line.clear();
                left = size + 2;
                items += 1;
            }
        }
    }
    items
}

fn size_line(bytes: &[u8]) -> Option<(usize, usize)> {
    match httparse::parse_chunk_size(bytes) {
        Ok(httparse::Status::Complete((len, size))) => Some((len, size as usize)),
        _ => None,
    }
}

/// The same without any state, over all of the stream at once.
fn httparse_uncut(wire: &[u8], _: usize) -> usize {
    let (mut rest, mut items) = (wire, 0);
    while let Some((line, size)) = size_line(rest) {
        let end = line + size;
        black_box(&rest[line..end]);
        rest = &rest[end + 2..];
        items += 1;
    }
    items
}

/// Heads in.
pub(crate) fn head_rows(run: Run<'_>, pico: Option<&Pico>) {
    let row = head_row();
    run(vec![row.clone()], &mut heads, &mut httparse_heads);
    let to_map = Row { peer: "httparse, HeaderMap", bound: 0.25, ..row.clone() };
    run(vec![to_map], &mut heads, &mut header_maps);
    if let Some(pico) = pico {
        let mut theirs = |wire: &[u8], piece: usize| pico.heads(wire, piece);
        run(vec![Row { peer: "picohttpparser", bound: 1.2, ..row }], &mut heads, &mut theirs);
    }
}

fn head_row() -> Row {
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
        bound: 1.4,
    }
}

fn heads(wire: &[u8], _: usize) -> usize {
    let (mut decoder, mut input, mut items) = (head::RequestDecoder::new(), wire, 0);
    while let Step::Item(head) = decoder.decode(&mut input).unwrap() {
        items += usize::from(black_box(head).len() == 17);
        decoder.reset();
    }
    items
}

fn httparse_heads(wire: &[u8], _: usize) -> usize {
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

/// What a server does that keeps fields for its callers: owned, found by hash.
fn header_maps(wire: &[u8], _: usize) -> usize {
    let (mut rest, mut items) = (wire, 0);
    while !rest.is_empty() {
        let mut headers = [const { MaybeUninit::uninit() }; 64];
        let mut request = httparse::Request::new(&mut []);
        let Ok(httparse::Status::Complete(len)) =
            request.parse_with_uninit_headers(rest, &mut headers)
        else {
            break;
        };
        let mut map = HeaderMap::with_capacity(request.headers.len());
        for field in &*request.headers {
            let name = HeaderName::from_bytes(field.name.as_bytes()).unwrap();
            map.append(name, HeaderValue::from_bytes(field.value).unwrap());
        }
        items += usize::from(black_box(&map).len() == 17);
        rest = &rest[len..];
    }
    items
}
