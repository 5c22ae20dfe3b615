//! Events as entries of a replay, encoded once for any number of connections.

use crate::SendError;
use crate::replay::{Entry, Message};
use crate::sse::encode;
use crate::sse::event::Event;

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
    /// [`ApiMisuse::LineBreak`](crate::ApiMisuse::LineBreak) where the type or the id would end its line.
    pub fn encode(&self) -> Result<Entry, SendError> {
        let bytes = encode::encoded(self)?.into();
        // The id is the first field.
        let id = self.id.map(|id| encode::ID.len()..encode::ID.len() + id.len());
        Ok(Entry::new(bytes, id))
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
