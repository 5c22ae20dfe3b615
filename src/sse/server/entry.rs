//! Events as entries of a replay.

#[cfg(doc)]
use crate::ApiMisuse;
use crate::SendError;
use crate::replay::{Entry, Message};
use crate::sse::Event;
use crate::sse::encode::encode;

impl Event<'_> {
    /// Encodes the event once, in one allocation of its size, for any number of connections.
    ///
    /// ```
    /// use wirefeed::sse::Event;
    ///
    /// let event = Event { id: Some("7"), data: "x", ..Default::default() }.encode()?;
    /// assert_eq!((event.bytes(), event.id()), (&b"id: 7\ndata: x\n\n"[..].into(), Some("7")));
    /// # Ok::<(), wirefeed::SendError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ApiMisuse::LineBreak`] where the type or the id would end its line.
    pub fn encode(&self) -> Result<Entry, SendError> {
        let (bytes, id) = encode(self)?;
        Ok(Entry::new(bytes.into(), id))
    }
}

impl Message for Event<'_> {
    fn id(&self) -> Option<&str> {
        self.id
    }

    fn encode_as(&self, id: &str) -> Result<Entry, SendError> {
        Event { id: Some(id), ..*self }.encode()
    }
}
