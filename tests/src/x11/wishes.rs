//! What windows ask of a window manager, on a display that has none: the state that they wish for is
//! a message to the root window, which anybody may listen to. And what a window manager asks of them.

use std::time::Duration;

use x11rb::{
    connection::Connection,
    protocol::{
        Event,
        xproto::{ChangeWindowAttributesAux, ClientMessageEvent, ConnectionExt, EventMask},
    },
};

use super::{Desk, Window, X11Error};
use crate::wait::until_some;

impl Desk {
    /// Asks a window to close, as a window manager does for whoever clicks on its cross.
    ///
    /// # Errors
    /// [`X11Error`] where the window is gone.
    pub fn close(&self, window: &Window) -> Result<(), X11Error> {
        let atom = |name: &str| self.connection.intern_atom(false, name.as_bytes());
        let (kind, wish) = (atom("WM_PROTOCOLS")?, atom("WM_DELETE_WINDOW")?);
        let data = [wish.reply()?.atom, 0, 0, 0, 0];
        let message = ClientMessageEvent::new(32, window.id, kind.reply()?.atom, data);
        self.connection.send_event(false, window.id, EventMask::NO_EVENT, message)?.check()?;
        Ok(())
    }

    /// Begins to listen for wishes.
    ///
    /// # Errors
    /// [`X11Error`] where the display is gone.
    pub fn hear_wishes(&self) -> Result<(), X11Error> {
        let mask = ChangeWindowAttributesAux::new().event_mask(EventMask::SUBSTRUCTURE_NOTIFY);
        self.connection.change_window_attributes(self.root, &mask)?.check()?;
        Ok(())
    }

    /// Waits for the wish of some window to have a state (`_NET_WM_STATE_ABOVE`, say) or to be rid of
    /// it, and says whether it came.
    ///
    /// # Errors
    /// [`X11Error`] where the display is gone.
    pub fn hears_wish(&self, state: &str, has: bool, limit: Duration) -> Result<bool, X11Error> {
        let atom = |name: &str| self.connection.intern_atom(false, name.as_bytes());
        let (kind, state) = (atom("_NET_WM_STATE")?.reply()?.atom, atom(state)?.reply()?.atom);
        let look = || match self.connection.poll_for_event() {
            Ok(Some(Event::ClientMessage(message))) if message.type_ == kind => {
                let [action, first, second, ..] = message.data.as_data32();
                let is_it = [first, second].contains(&state) && action == u32::from(has);
                is_it.then_some(Ok(()))
            }
            Ok(_) => None,
            Err(error) => Some(Err(error)),
        };
        match until_some(limit, look) {
            Some((found, _)) => Ok(found.map(|()| true)?),
            None => Ok(false),
        }
    }
}
