//! A client that echoes what a fuzzing server sends: it requests the number of cases, runs each,
//! and makes the server write its report.
//!
//! ```text
//! cargo run --release --features deflate --example autobahn_client -- 127.0.0.1:9001
//! ```

#[path = "support/echo.rs"]
mod echo;
#[path = "support/link.rs"]
mod link;
#[path = "support/open.rs"]
mod open;

use std::error::Error;

use open::{Connection, open};
use wirefeed::ws::{self, deflate::Pool};

fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).ok_or("usage: autobahn_client ADDRESS")?;
    let (pool, mut count) = (Pool::default(), String::new());
    let Connection { link, session, .. } = open(&address, "/getCaseCount", &pool)?;
    link.drive(session, |_, event, _| {
        if let ws::Event::Text(text) = event {
            count = text.to_owned();
        }
        Ok(())
    })?;
    let count: u32 = count.parse()?;
    for case in 1..=count {
        let Connection { link, session, .. } =
            open(&address, &format!("/runCase?case={case}&agent=wirefeed"), &pool)?;
        link.drive(session, echo::echo)?;
    }
    let Connection { link, session, extensions } =
        open(&address, "/updateReports?agent=wirefeed", &pool)?;
    link.drive(session, |_, _, _| Ok(()))?;
    println!("{count} cases; extensions: {}", extensions.as_deref().unwrap_or("none"));
    Ok(())
}
