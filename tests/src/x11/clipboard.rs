//! A text on the clipboard, as another program would have put it there: whoever pastes asks that program.

use std::{
    thread,
    time::{Duration, Instant},
};

use x11rb::{
    CURRENT_TIME, NONE,
    connection::Connection,
    protocol::{
        Event,
        xproto::{
            AtomEnum, ConnectionExt, CreateWindowAux, EventMask, PropMode, SELECTION_NOTIFY_EVENT,
            SelectionNotifyEvent, SelectionRequestEvent, WindowClass,
        },
    },
    wrapper::ConnectionExt as _,
};

use super::{Desk, X11Error};

impl Desk {
    /// Has `text` on the clipboard for so long.
    ///
    /// # Errors
    /// [`X11Error`] where the display is gone.
    pub fn lend_text(&self, text: &str, time: Duration) -> Result<(), X11Error> {
        let owner = self.connection.generate_id()?;
        let (kind, aux) = (WindowClass::INPUT_ONLY, CreateWindowAux::new());
        self.connection.create_window(0, owner, self.root, 0, 0, 1, 1, 0, kind, 0, &aux)?;
        let clipboard = self.atom("CLIPBOARD")?;
        self.connection.set_selection_owner(owner, clipboard, CURRENT_TIME)?.check()?;
        let began = Instant::now();
        while began.elapsed() < time {
            match self.connection.poll_for_event()? {
                Some(Event::SelectionRequest(asked)) => self.hand_text(&asked, text)?,
                Some(_) => {}
                None => thread::sleep(Duration::from_millis(5)),
            }
        }
        self.connection.destroy_window(owner)?.check()?;
        Ok(())
    }

    /// Answers with the text, with the kinds in which it is to be had, or that it is not.
    fn hand_text(&self, asked: &SelectionRequestEvent, text: &str) -> Result<(), X11Error> {
        let (targets, plain) = (self.atom("TARGETS")?, self.atom("UTF8_STRING")?);
        let (to, at, kind) = (asked.requestor, asked.property, asked.target);
        let known = kind == targets || kind == plain;
        if kind == targets {
            let all = [targets, plain];
            let atoms = AtomEnum::ATOM;
            self.connection.change_property32(PropMode::REPLACE, to, at, atoms, &all)?;
        } else if known {
            self.connection.change_property8(PropMode::REPLACE, to, at, plain, text.as_bytes())?;
        }
        let answer = SelectionNotifyEvent {
            response_type: SELECTION_NOTIFY_EVENT,
            sequence: 0,
            time: asked.time,
            requestor: to,
            selection: asked.selection,
            target: kind,
            property: if known { at } else { NONE },
        };
        self.connection.send_event(false, to, EventMask::NO_EVENT, answer)?.check()?;
        Ok(())
    }
}
