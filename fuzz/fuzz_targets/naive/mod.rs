//! Whole connections, read with as little thought as possible: RFC 9112, as strict as this crate.

pub(crate) mod chunked;
mod target;

use self::chunked::{token, value};
use self::target::{host, target};

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

/// All messages until the connection's last, and how many bytes they took; `None` where they are not
/// whole or not good.
pub(crate) type Messages = Option<(Vec<Message>, usize)>;

/// What a client lets pass.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Switches {
    pub(crate) folds: bool,
    pub(crate) space_before_colon: bool,
    pub(crate) low_status: bool,
    pub(crate) length_with_coding: bool,
    pub(crate) identity: bool,
}

/// The requests to a server; `accepts` where it goes over to another protocol when it can.
pub(crate) fn requests(wire: &[u8], accepts: bool) -> Messages {
    let (mut at, mut messages) = (0, Vec::new());
    while at < wire.len() {
        at += if wire[at..].starts_with(b"\r\n") { 2 } else { 0 };
        if at == wire.len() {
            break;
        }
        let strict = Switches::default();
        let (line, fields, next) = head(wire, at, strict)?;
        let [method, aim, version] = *line.split(|&b| b == b' ').collect::<Vec<_>>() else {
            return None;
        };
        let http11 = version_is_11(version)?;
        if !token(method) || !target(method, aim) {
            return None;
        }
        let hosts = values(&fields, "host");
        let good_hosts = hosts.iter().all(|value| value.is_empty() || host(value));
        if hosts.len() > 1 || (http11 && hosts.is_empty()) || !good_hosts {
            return None;
        }
        let length = match length(&fields, http11, strict)? {
            Length::Unsaid => Length::Bytes(0),
            Length::Codings(codings) if codings == [b"chunked"] => Length::Chunked,
            Length::Codings(_) => return None,
            length => length,
        };
        let (data, trailers, end) = body(wire, next, length, false)?;
        at = end;
        let upgrades = http11 && asks_for_upgrade(&fields);
        let last = !persists(&fields, http11) || (accepts && (method == b"CONNECT" || upgrades));
        let line = vec![method.to_vec(), aim.to_vec()];
        messages.push(Message { line, fields, data, trailers, whole: true });
        if last {
            break;
        }
    }
    Some((messages, at))
}

/// The responses to the requests of which `asked` says the method, and whether it asks for an upgrade.
pub(crate) fn responses<'m>(
    wire: &[u8],
    switches: Switches,
    asked: impl Fn(usize) -> (&'m [u8], bool),
) -> Messages {
    let (mut at, mut answers, mut messages) = (0, 0, Vec::new());
    while at < wire.len() {
        let (line, fields, next) = head(wire, at, switches)?;
        let (method, upgrade) = asked(answers);
        let http11 = version_is_11(line.get(..8)?)?;
        let digits = line.get(9..12)?;
        let said: u16 = std::str::from_utf8(digits).ok()?.parse().ok()?;
        // What is no status is an error of the server.
        let status = if said < 100 && switches.low_status { said + 500 } else { said };
        if line[8] != b' '
            || !digits.iter().all(u8::is_ascii_digit)
            || status < 100
            || !matches!(line.get(12), None | Some(b' '))
            || !value(&line[12..])
            || (status == 101 && !upgrade)
        {
            return None;
        }
        let informs = status < 200 && status != 101;
        let tunnels = method == b"CONNECT" && status / 100 == 2;
        let switched = status == 101 || tunnels;
        let bare = status < 200 || [204, 304].contains(&status) || method == b"HEAD";
        let length = match () {
            _ if tunnels => Length::Bytes(0),
            _ => match length(&fields, http11, switches)? {
                _ if bare => Length::Bytes(0),
                Length::Unsaid => Length::UntilClose,
                Length::Codings(codings)
                    if codings.last().is_some_and(|last| last == b"chunked") =>
                {
                    Length::Chunked
                }
                Length::Codings(_) => Length::UntilClose,
                length => length,
            },
        };
        let said_twice = ["content-length", "transfer-encoding"]
            .iter()
            .all(|name| !values(&fields, name).is_empty());
        let persists = persists(&fields, http11) && !said_twice;
        let last = switched || length == Length::UntilClose || (!informs && !persists);
        let (data, trailers, end) = body(wire, next, length, switches.folds)?;
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

/// Whether this is HTTP/1.1 or a later minor version, which is read as that; `None` where the major
/// version is another.
fn version_is_11(version: &[u8]) -> Option<bool> {
    let minor = version.strip_prefix(b"HTTP/1.")?;
    (minor.len() == 1 && minor[0].is_ascii_digit()).then_some(minor != b"0")
}

/// The first line, the fields, and where the head ends.
fn head(wire: &[u8], at: usize, switches: Switches) -> Option<(&[u8], Pairs, usize)> {
    let end = at + wire[at..].windows(4).position(|four| four == b"\r\n\r\n")? + 2;
    let line = at + wire[at..end].windows(2).position(|two| two == b"\r\n")?;
    Some((&wire[at..line], fields(&wire[line + 2..end], switches)?, end + 2))
}

/// `*( token ":" OWS value OWS CRLF )`, where a value may go on in a line that begins with a blank.
fn fields(mut lines: &[u8], switches: Switches) -> Option<Pairs> {
    let mut all = Pairs::new();
    while !lines.is_empty() {
        let end = lines.windows(2).position(|two| two == b"\r\n")?;
        let line = &lines[..end];
        lines = &lines[end + 2..];
        match (line.first(), all.last_mut()) {
            (Some(b' ' | b'\t'), Some((_, before))) if switches.folds && value(line) => {
                // All blanks of a fold become spaces, and so does its line end.
                let kept = before.iter().rposition(|b| !blank(b)).map_or(0, |last| last + 1);
                before[kept..].fill(b' ');
                let blanks = line.iter().take_while(|b| blank(b)).count();
                before.resize(before.len() + 2 + blanks, b' ');
                before.extend_from_slice(&line[blanks..]);
            }
            _ => {
                let colon = line.iter().position(|&b| b == b':')?;
                let (mut name, text) = (&line[..colon], &line[colon + 1..]);
                while let ([rest @ .., b' ' | b'\t'], true) = (name, switches.space_before_colon) {
                    name = rest;
                }
                if !token(name) || !value(text) {
                    return None;
                }
                all.push((name.to_vec(), text.to_vec()));
            }
        }
    }
    Some(all.into_iter().map(|(name, text)| (name, trim(&text))).collect())
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
fn length(fields: &Pairs, http11: bool, switches: Switches) -> Option<Length> {
    let lengths = values(fields, "content-length");
    let numbers: Option<Vec<u64>> = lengths.iter().map(|text| decimal(text)).collect();
    let numbers = numbers?;
    if numbers.iter().any(|number| *number != numbers[0]) {
        return None;
    }
    let said = values(fields, "transfer-encoding");
    let codings: Vec<Vec<u8>> = said.iter().flat_map(|value| elements(value)).collect();
    // Nor has chunked parameters: what goes on after its name is another name, or nothing.
    let well_formed = |coding: &Vec<u8>| {
        let rest = coding.strip_prefix(b"chunked");
        rest.is_none_or(|rest| rest.is_empty() || token(&rest[..1]))
    };
    let chunked = codings.iter().filter(|coding| *coding == b"chunked").count();
    if chunked > 1 || !codings.iter().all(well_formed) {
        return None;
    }
    let ignored = switches.identity && codings.iter().all(|coding| coding == b"identity");
    match (said.is_empty() || ignored, numbers.first()) {
        (true, None) => Some(Length::Unsaid),
        (true, Some(number)) => Some(Length::Bytes(*number)),
        (false, Some(_)) if !switches.length_with_coding => None,
        (false, _) => http11.then_some(Length::Codings(codings)),
    }
}

/// The elements of a list, in lower case and without empty ones; a comma in quotes is none.
fn elements(list: &[u8]) -> Vec<Vec<u8>> {
    let (mut all, mut at, mut quoted) = (vec![Vec::new()], 0, false);
    while at < list.len() {
        let len = if quoted && list[at] == b'\\' { 2 } else { 1 };
        let piece = &list[at..list.len().min(at + len)];
        quoted ^= piece == b"\"";
        match all.last_mut() {
            Some(element) if quoted || piece != b"," => element.extend_from_slice(piece),
            _ => all.push(Vec::new()),
        }
        at += len;
    }
    let all = all.iter().map(|element| trim(element).to_ascii_lowercase());
    all.filter(|element| !element.is_empty()).collect()
}

fn decimal(text: &[u8]) -> Option<u64> {
    let digits = text.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(text).ok().filter(|_| digits)?.parse().ok()
}

/// Data, trailers, and where the body ends.
fn body(wire: &[u8], at: usize, length: Length, folds: bool) -> Option<(Vec<u8>, Pairs, usize)> {
    match length {
        Length::Bytes(length) => {
            let end = at.checked_add(usize::try_from(length).ok()?)?;
            Some((wire.get(at..end)?.to_vec(), Vec::new(), end))
        }
        Length::Chunked => {
            let (data, trailers, len) = chunked::read(&wire[at..], folds)?;
            let trailers = fields(&trailers, Switches { folds, ..Switches::default() })?;
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

fn blank(byte: &u8) -> bool {
    *byte == b' ' || *byte == b'\t'
}

fn trim(text: &[u8]) -> Vec<u8> {
    let from = text.iter().position(|b| !blank(b)).unwrap_or(text.len());
    let to = text.iter().rposition(|b| !blank(b)).map_or(from, |last| last + 1);
    text[from..to].to_vec()
}
