//! What windows ask of a window manager, on a display that has none: the state that they wish for is
//! a message to the root window, which anybody may listen to.

use std::time::Duration;

use x11rb::{
    connection::Connection,
    protocol::{
        Event,
        xproto::{ChangeWindowAttributesAux, ConnectionExt, EventMask},
    },
};

use super::{Desk, X11Error};
use crate::wait::until_some;

impl Desk {
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
