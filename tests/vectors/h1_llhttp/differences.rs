use crate::rows::Differences;

/// Where this crate refuses what llhttp accepts, or accepts what it refuses.
pub(super) const DIFFERENCES: Differences = &[
    (
        "RFC 9112 2.2: at least one empty line before a request is skipped: one, not two",
        &["llhttp/request/connection/`keep-alive`/CRLF between requests, implicit `keep-alive`"],
    ),
    (
        "RFC 9112 2.1: a response begins with its status line",
        &[
            "llhttp/response/connection/HTTP 304 with Content-Length",
            "llhttp/response/connection/HTTP 100 first, then 400",
            "llhttp/response/pipelining/Should parse multiple events",
            "llhttp/response/sample/Response starting with CRLF",
        ],
    ),
    (
        "RFC 9112 2.3: HTTP/1.0 and HTTP/1.1 alone are spoken",
        &[
            "llhttp/request/method/SOURCE request with ICE",
            "llhttp/request/method/OPTIONS request with RTSP",
            "llhttp/request/method/ANNOUNCE request with RTSP",
            "llhttp/response/sample/RTSP response",
            "llhttp/response/sample/ICE response",
            "llhttp/response/sample/HTTP version 0.9",
        ],
    ),
    (
        "RFC 9112 3.2.4: the asterisk form is for OPTIONS alone",
        &["llhttp/request/method/M-SEARCH request"],
    ),
    (
        "RFC 9112 3.2.1: a target has no fragment, which stays in the client",
        &["llhttp/request/uri/Fragment in URI"],
    ),
    (
        "RFC 9110 4.2.4: user information in a target is an error",
        &["llhttp/request/uri/`host:port` and basic auth"],
    ),
    (
        "RFC 9110 6.5.1: Content-Type is to be known before the content, and stands in no trailers",
        &["llhttp/request/transfer-encoding/`chunked`/Trailing headers"],
    ),
    ("RFC 3986 2: no part of a URI holds a double quote", &["llhttp/request/uri/Quotes in URI"]),
    ("RFC 9112 3: a request line has a version", &["llhttp/request/sample/No HTTP version"]),
    (
        "RFC 9112 3: PRI of HTTP/1.1 is a request like any, and SM no request line",
        &["llhttp/request/method/PRI request HTTP2"],
    ),
    (
        "RFC 9110 9.1: a method is any token; whether it is known is the caller's to say",
        &[
            "llhttp/request/invalid/HTTP protocol and ANNOUNCE method",
            "llhttp/request/invalid/Invalid method",
        ],
    ),
    (
        "RFC 9112 6: a request's framing does not depend on its method",
        &["llhttp/request/method/CONNECT with body"],
    ),
    (
        "RFC 9112 6.3: a request with Content-Length has a body, whatever its receiver is told",
        &["llhttp/request/content-length/Content-Length reset when no body is received"],
    ),
    (
        "RFC 9112 6.1: a coding that is not understood is answered with 501",
        &[
            "llhttp/request/transfer-encoding/POST with `chunked` as last transfer-encoding",
            "llhttp/request/transfer-encoding/POST with `chunked` as last transfer-encoding (multiple headers)",
        ],
    ),
];
