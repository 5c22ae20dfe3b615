//! picohttpparser, where Debian's `libh2o-evloop0.13` is installed.

use std::ffi::{c_char, c_int};
use std::hint::black_box;
use std::ptr::null;

use libloading::Library;

/// Its functions, found at run time.
pub(crate) struct Pico {
    decode_chunked: DecodeChunked,
    parse_request: ParseRequest,
    /// What the functions are in: never to be dropped before them.
    _library: Library,
}

type DecodeChunked = unsafe extern "C" fn(*mut Chunked, *mut c_char, *mut usize) -> isize;
type ParseRequest = unsafe extern "C" fn(
    *const c_char,
    usize,
    *mut *const c_char,
    *mut usize,
    *mut *const c_char,
    *mut usize,
    *mut c_int,
    *mut Header,
    *mut usize,
    usize,
) -> c_int;

/// `struct phr_chunked_decoder`
#[repr(C)]
#[derive(Default)]
struct Chunked {
    left: usize,
    consume_trailer: c_char,
    hex_count: c_char,
    state: c_char,
}

/// `struct phr_header`
#[repr(C)]
#[derive(Clone, Copy)]
struct Header {
    name: *const c_char,
    name_len: usize,
    value: *const c_char,
    value_len: usize,
}

impl Pico {
    pub(crate) fn load() -> Option<Self> {
        // SAFETY: the library has no initialisers that ask for anything, and the types above are
        // those of its picohttpparser.h.
        unsafe {
            let library = Library::new("libh2o-evloop.so.0.13").ok()?;
            let decode_chunked = *library.get::<DecodeChunked>(b"phr_decode_chunked").ok()?;
            let parse_request = *library.get::<ParseRequest>(b"phr_parse_request").ok()?;
            Some(Self { decode_chunked, parse_request, _library: library })
        }
    }

    /// Decodes chunks of `size` bytes. It works in place: each piece is copied to where it may be
    /// written to, which belongs to its cost.
    pub(crate) fn chunks(&self, wire: &[u8], piece: usize, size: usize) -> usize {
        let (mut decoder, mut buffer, mut decoded) = (Chunked::default(), vec![0; piece], 0);
        for piece in wire.chunks(piece) {
            buffer[..piece.len()].copy_from_slice(piece);
            let mut len = piece.len();
            // SAFETY: the buffer holds `len` bytes, and the decoder began as zeros.
            let left = unsafe {
                (self.decode_chunked)(&raw mut decoder, buffer.as_mut_ptr().cast(), &raw mut len)
            };
            assert_eq!(left, -2, "the body has no end");
            black_box(&buffer[..len]);
            decoded += len;
        }
        decoded / size
    }

    pub(crate) fn heads(&self, wire: &[u8], _: usize) -> usize {
        let (mut rest, mut items) = (wire, 0);
        while !rest.is_empty() {
            let none = Header { name: null(), name_len: 0, value: null(), value_len: 0 };
            let (mut headers, mut count, mut version) = ([none; 64], 64, 0);
            let (mut method, mut method_len, mut path, mut path_len) = (null(), 0, null(), 0);
            // SAFETY: `rest` and `headers` are as long as they are said to be.
            let len = unsafe {
                (self.parse_request)(
                    rest.as_ptr().cast(),
                    rest.len(),
                    &raw mut method,
                    &raw mut method_len,
                    &raw mut path,
                    &raw mut path_len,
                    &raw mut version,
                    headers.as_mut_ptr(),
                    &raw mut count,
                    0,
                )
            };
            let Ok(len) = usize::try_from(len) else { break };
            black_box(&headers);
            items += usize::from(count == 17);
            rest = &rest[len..];
        }
        items
    }
}
