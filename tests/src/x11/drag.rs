//! A file dragged onto a window and let go there, as a file manager would do it (XDND, version 5).

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
            Atom, ClientMessageEvent, ConnectionExt, CreateWindowAux, EventMask, PropMode,
            SELECTION_NOTIFY_EVENT, SelectionNotifyEvent, SelectionRequestEvent, WindowClass,
        },
    },
    wrapper::ConnectionExt as _,
};

use super::{Desk, Window, X11Error};

/// The version of the protocol, where its messages have it.
const VERSION: u32 = 5 << 24;

/// How long the file is held over a point: a program asks for it meanwhile.
const HOLD: Duration = Duration::from_millis(300);

impl Desk {
    /// Drags the file at `uri` over a window, to a point counted from its upper left corner, and lets
    /// it go.
    ///
    /// # Errors
    /// [`X11Error`] where the window is gone.
    pub fn drop_file(&self, window: &Window, uri: &str, x: i16, y: i16) -> Result<(), X11Error> {
        let place = self.place(window)?;
        let wide = |from: i16, by: i16| u32::try_from(from.saturating_add(by)).unwrap_or_default();
        let drag = Drag {
            desk: self,
            target: window.id,
            source: self.connection.generate_id()?,
            kind: self.atom("text/uri-list")?,
            uri,
        };
        self.connection.create_window(
            0,
            drag.source,
            self.root,
            0,
            0,
            1,
            1,
            0,
            WindowClass::INPUT_ONLY,
            0,
            &CreateWindowAux::new(),
        )?;
        let selection = self.atom("XdndSelection")?;
        self.connection.set_selection_owner(drag.source, selection, CURRENT_TIME)?.check()?;
        let copy = self.atom("XdndActionCopy")?;
        drag.say("XdndEnter", [VERSION, drag.kind, 0, 0])?;
        for step in [2, 1, 0] {
            let point = (wide(place.x, x.saturating_sub(step)) << 16) | wide(place.y, y);
            drag.say("XdndPosition", [0, point, CURRENT_TIME, copy])?;
            drag.serve(HOLD)?;
        }
        drag.say("XdndDrop", [0, CURRENT_TIME, 0, 0])?;
        drag.serve(HOLD.saturating_mul(3))?;
        self.connection.destroy_window(drag.source)?.check()?;
        Ok(())
    }

    pub(super) fn atom(&self, name: &str) -> Result<Atom, X11Error> {
        Ok(self.connection.intern_atom(false, name.as_bytes())?.reply()?.atom)
    }
}

/// One drag: who has the file, and who is to get it.
struct Drag<'a> {
    desk: &'a Desk,
    target: u32,
    source: u32,
    kind: Atom,
    uri: &'a str,
}

impl Drag<'_> {
    fn say(&self, what: &str, [a, b, c, d]: [u32; 4]) -> Result<(), X11Error> {
        let data = [self.source, a, b, c, d];
        let message = ClientMessageEvent::new(32, self.target, self.desk.atom(what)?, data);
        self.desk
            .connection
            .send_event(false, self.target, EventMask::NO_EVENT, message)?
            .check()?;
        Ok(())
    }

    /// Hands the file's address to whoever asks for it, for so long.
    fn serve(&self, time: Duration) -> Result<(), X11Error> {
        let began = Instant::now();
        while began.elapsed() < time {
            match self.desk.connection.poll_for_event()? {
                Some(Event::SelectionRequest(asked)) => self.hand_over(&asked)?,
                Some(_) => {}
                None => thread::sleep(Duration::from_millis(5)),
            }
        }
        Ok(())
    }

    fn hand_over(&self, asked: &SelectionRequestEvent) -> Result<(), X11Error> {
        let connection = &self.desk.connection;
        let known = asked.target == self.kind;
        if known {
            let text = format!("{}\r\n", self.uri);
            let (to, at) = (asked.requestor, asked.property);
            connection.change_property8(PropMode::REPLACE, to, at, self.kind, text.as_bytes())?;
        }
        let answer = SelectionNotifyEvent {
            response_type: SELECTION_NOTIFY_EVENT,
            sequence: 0,
            time: asked.time,
            requestor: asked.requestor,
            selection: asked.selection,
            target: asked.target,
            property: if known { asked.property } else { NONE },
        };
        connection.send_event(false, asked.requestor, EventMask::NO_EVENT, answer)?.check()?;
        Ok(())
    }
}
