//! Whole connections, read with as little thought as possible: RFC 9112, as strict as this crate.

pub(crate) mod chunked;

use self::chunked::{token, value};

pub(crate) type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

/// A request or a response, informational ones included.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Message {
    /// Method and target, or the status.
    pub(crate) line: Vec<Vec<u8>>,
    pub(crate) fields: Pairs,
    pub(crate) data: Vec<u8>,
    pub(crate) trailers: Pairs,
    pub(crate) whole: bool,
}

/// All messages until the connection's last, and how many bytes they took; none where they are not
/// whole or not good.
pub(crate) type Messages = Option<(Vec<Message>, usize)>;

/// The requests to a server; `accepts` where it goes over to another protocol when it can.
pub(crate) fn requests(wire: &[u8], accepts: bool) -> Messages {
    let (mut at, mut messages) = (0, Vec::new());
    while at < wire.len() {
        at += if wire[at..].starts_with(b"\r\n") { 2 } else { 0 };
        if at == wire.len() {
            break;
        }
        let (line, fields, next) = head(wire, at)?;
        let [method, target, version] = *line.split(|&b| b == b' ').collect::<Vec<_>>() else {
            return None;
        };
        let graphic = !target.is_empty() && target.iter().all(u8::is_ascii_graphic);
        let http11 = version == b"HTTP/1.1";
        if !token(method) || !graphic || !(http11 || version == b"HTTP/1.0") {
            return None;
        }
        let hosts = values(&fields, "host");
        let is_host = |b: &u8| b.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=:[]".contains(b);
        if hosts.len() > 1 || (http11 && hosts.is_empty()) || !hosts.concat().iter().all(is_host) {
            return None;
        }
        let length = match length(&fields, http11)? {
            Length::Unsaid => Length::Bytes(0),
            Length::Codings(codings) if codings == [b"chunked"] => Length::Chunked,
            Length::Codings(_) => return None,
            length => length,
        };
        let (data, trailers, end) = body(wire, next, length)?;
        at = end;
        let upgrades = http11 && asks_for_upgrade(&fields);
        let last = !persists(&fields, http11) || (accepts && (method == b"CONNECT" || upgrades));
        let line = vec![method.to_vec(), target.to_vec()];
        messages.push(Message { line, fields, data, trailers, whole: true });
        if last {
            break;
        }
    }
    Some((messages, at))
}

/// The responses to the requests of which `asked` says the method, and whether it asks for an upgrade.
pub(crate) fn responses<'m>(wire: &[u8], asked: impl Fn(usize) -> (&'m [u8], bool)) -> Messages {
    let (mut at, mut answers, mut messages) = (0, 0, Vec::new());
    while at < wire.len() {
        let (line, fields, next) = head(wire, at)?;
        let (method, upgrade) = asked(answers);
        let status: u16 = std::str::from_utf8(line.get(9..12)?).ok()?.parse().ok()?;
        let http11 = line.starts_with(b"HTTP/1.1 ");
        if !(http11 || line.starts_with(b"HTTP/1.0 "))
            || !line[9..12].iter().all(u8::is_ascii_digit)
            || status < 100
            || !matches!(line.get(12), None | Some(b' '))
            || !value(&line[12..])
            || (status == 101 && !upgrade)
        {
            return None;
        }
        let informs = status < 200 && status != 101;
        let switches = status == 101 || (method == b"CONNECT" && status / 100 == 2);
        let length = match () {
            _ if switches || status < 200 || [204, 304].contains(&status) => Length::Bytes(0),
            _ if method == b"HEAD" => Length::Bytes(0),
            _ => match length(&fields, http11)? {
                Length::Unsaid => Length::UntilClose,
                Length::Codings(codings) if codings.last()? == b"chunked" => Length::Chunked,
                Length::Codings(_) => Length::UntilClose,
                length => length,
            },
        };
        let last =
            switches || length == Length::UntilClose || (!informs && !persists(&fields, http11));
        let (data, trailers, end) = body(wire, next, length)?;
        at = end;
        let line = vec![status.to_string().into_bytes()];
        messages.push(Message { line, fields, data, trailers, whole: true });
        if last {
            return Some((messages, at));
        }
        answers += usize::from(!informs);
        if informs && at == wire.len() {
            return None; // the response is still to come
        }
    }
    Some((messages, at))
}

/// The first line, the fields, and where the head ends.
fn head(wire: &[u8], at: usize) -> Option<(&[u8], Pairs, usize)> {
    let end = at + wire[at..].windows(4).position(|four| four == b"\r\n\r\n")? + 2;
    let line = at + wire[at..end].windows(2).position(|two| two == b"\r\n")?;
    Some((&wire[at..line], fields(&wire[line + 2..end])?, end + 2))
}

/// `*( token ":" OWS value OWS CRLF )`
fn fields(mut lines: &[u8]) -> Option<Pairs> {
    let mut all = Vec::new();
    while !lines.is_empty() {
        let end = lines.windows(2).position(|two| two == b"\r\n")?;
        let colon = lines[..end].iter().position(|&b| b == b':')?;
        let (name, text) = (&lines[..colon], &lines[colon + 1..end]);
        if !token(name) || !value(text) {
            return None;
        }
        all.push((name.to_vec(), trim(text)));
        lines = &lines[end + 2..];
    }
    Some(all)
}

#[derive(PartialEq, Eq)]
enum Length {
    Unsaid,
    Bytes(u64),
    /// Lower case.
    Codings(Vec<Vec<u8>>),
    Chunked,
    UntilClose,
}

/// What the fields say of the body's length.
fn length(fields: &Pairs, http11: bool) -> Option<Length> {
    let (codings, lengths) = (list(fields, "transfer-encoding"), values(fields, "content-length"));
    let numbers: Option<Vec<u64>> = lengths.iter().map(|text| decimal(text)).collect();
    let numbers = numbers?;
    match (codings.is_empty(), numbers.first()) {
        (true, None) => Some(Length::Unsaid),
        (true, Some(first)) => {
            numbers.iter().all(|number| number == first).then_some(Length::Bytes(*first))
        }
        (false, Some(_)) => None,
        (false, None) => {
            let chunked = codings.iter().filter(|coding| *coding == b"chunked").count();
            // Nor has chunked parameters: what goes on after its name is another name, or nothing.
            let well_formed = |coding: &Vec<u8>| {
                let rest = coding.strip_prefix(b"chunked");
                !coding.is_empty() && rest.is_none_or(|rest| rest.is_empty() || token(&rest[..1]))
            };
            let good = http11 && chunked < 2 && codings.iter().all(well_formed);
            good.then_some(Length::Codings(codings))
        }
    }
}

fn decimal(text: &[u8]) -> Option<u64> {
    let digits = text.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(text).ok().filter(|_| digits)?.parse().ok()
}

/// Data, trailers, and where the body ends.
fn body(wire: &[u8], at: usize, length: Length) -> Option<(Vec<u8>, Pairs, usize)> {
    match length {
        Length::Bytes(length) => {
            let end = at.checked_add(usize::try_from(length).ok()?)?;
            Some((wire.get(at..end)?.to_vec(), Vec::new(), end))
        }
        Length::Chunked => {
            let (data, trailers, len) = chunked::read(&wire[at..])?;
            let trailers = fields(&trailers)?;
            let forbidden = |(name, _): &(Vec<u8>, _)| {
                FORBIDDEN.split(' ').any(|other| name.eq_ignore_ascii_case(other.as_bytes()))
            };
            if trailers.iter().any(forbidden) { None } else { Some((data, trailers, at + len)) }
        }
        _ => Some((wire[at..].to_vec(), Vec::new(), wire.len())),
    }
}

/// RFC 9110 6.5.1, and what its list of fields says of each.
const FORBIDDEN: &str = "authorization cache-control connection content-encoding content-length \
    content-range content-type cookie expect host keep-alive max-forwards pragma \
    proxy-authenticate proxy-authorization proxy-connection range set-cookie te trailer \
    transfer-encoding upgrade";

fn persists(fields: &Pairs, http11: bool) -> bool {
    let said = |token: &[u8]| list(fields, "connection").iter().any(|other| other == token);
    !said(b"close") && (http11 || said(b"keep-alive"))
}

fn asks_for_upgrade(fields: &Pairs) -> bool {
    let listed = list(fields, "connection").iter().any(|token| token == b"upgrade");
    listed && !values(fields, "upgrade").is_empty()
}

/// The elements of all fields of this name, in lower case.
fn list(fields: &Pairs, name: &str) -> Vec<Vec<u8>> {
    let values = values(fields, name);
    values
        .iter()
        .flat_map(|value| value.split(|&b| b == b',').map(trim))
        .map(|element| element.to_ascii_lowercase())
        .collect()
}

fn values<'f>(fields: &'f Pairs, name: &str) -> Vec<&'f [u8]> {
    let mine = fields.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name.as_bytes()));
    mine.map(|(_, value)| &value[..]).collect()
}

fn trim(text: &[u8]) -> Vec<u8> {
    let blank = |b: &u8| *b == b' ' || *b == b'\t';
    let from = text.iter().position(|b| !blank(b)).unwrap_or(text.len());
    let to = text.iter().rposition(|b| !blank(b)).map_or(from, |last| last + 1);
    text[from..to].to_vec()
}
