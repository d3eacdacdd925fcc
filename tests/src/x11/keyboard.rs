//! Which keys to press for what. The server's own table answers; a character that it lacks is an
//! error, never another character.

use x11rb::{
    connection::Connection,
    protocol::xproto::{
        ConnectionExt, GetKeyboardMappingReply, KEY_PRESS_EVENT, KEY_RELEASE_EVENT, Keycode, Keysym,
    },
};

use super::X11Error;

/// A key, by what stands on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// The character that it types, with Shift where that needs it. A line feed is
    /// [`Key::Enter`], a tab [`Key::Tab`].
    Char(char),
    /// Enter.
    Enter,
    /// Tab.
    Tab,
    /// Escape.
    Escape,
    /// Backspace.
    Backspace,
    /// Delete.
    Delete,
    /// To the start of the line.
    Home,
    /// To the end of the line.
    End,
    /// Arrow left.
    Left,
    /// Arrow up.
    Up,
    /// Arrow right.
    Right,
    /// Arrow down.
    Down,
    /// The left Control key.
    Control,
    /// The left Shift key.
    Shift,
    /// The left Alt key.
    Alt,
}

/// Code points over Latin-1 have the keysym of this value plus their own.
const UNICODE: Keysym = 0x0100_0000;

/// The server's table: for each code, counted from `first`, what the key says alone and with
/// Shift.
#[derive(Debug)]
pub(super) struct Keyboard {
    first: Keycode,
    columns: usize,
    keysyms: Vec<Keysym>,
}

impl Keyboard {
    pub(super) fn of(connection: &impl Connection) -> Result<Self, X11Error> {
        let (first, last) = (connection.setup().min_keycode, connection.setup().max_keycode);
        let count = last.saturating_sub(first).saturating_add(1);
        let table = connection.get_keyboard_mapping(first, count)?.reply()?;
        let GetKeyboardMappingReply { keysyms_per_keycode, keysyms, .. } = table;
        Ok(Self { first, columns: usize::from(keysyms_per_keycode).max(1), keysyms })
    }

    /// Says whether every one of `keys` is there.
    pub(super) fn knows(&self, keys: &[Key]) -> Result<(), X11Error> {
        keys.iter().try_for_each(|key| self.find(*key).map(|_| ()))
    }

    /// The events of a chord: presses in order, then releases the other way round. Shift goes
    /// before the key that needs it.
    pub(super) fn strokes(&self, chord: &[Key]) -> Result<Vec<(u8, Keycode)>, X11Error> {
        let mut codes = Vec::new();
        for key in chord {
            let (code, shifted) = self.find(*key)?;
            if shifted && !chord.contains(&Key::Shift) {
                codes.push(self.find(Key::Shift)?.0);
            }
            codes.push(code);
        }
        let releases = codes.iter().rev().map(|code| (KEY_RELEASE_EVENT, *code));
        let presses = codes.iter().map(|code| (KEY_PRESS_EVENT, *code));
        Ok(presses.chain(releases).collect())
    }

    /// The code of a key, and whether Shift is needed.
    fn find(&self, key: Key) -> Result<(Keycode, bool), X11Error> {
        let wanted = keysym(key);
        let place = |shifted: usize| {
            let mut keys = self.keysyms.chunks(self.columns);
            let nth = keys.position(|columns| columns.get(shifted) == Some(&wanted))?;
            self.first.checked_add(u8::try_from(nth).ok()?)
        };
        let alone = place(0).map(|code| (code, false));
        alone
            .or_else(|| place(1).map(|code| (code, true)))
            .ok_or_else(|| X11Error::NoKey(format!("{key:?}")))
    }
}

/// The numbers of X11's `keysymdef.h`.
fn keysym(key: Key) -> Keysym {
    match key {
        Key::Enter | Key::Char('\n') => 0xff0d,
        Key::Tab | Key::Char('\t') => 0xff09,
        Key::Escape => 0xff1b,
        Key::Backspace => 0xff08,
        Key::Delete => 0xffff,
        Key::Home => 0xff50,
        Key::Left => 0xff51,
        Key::Up => 0xff52,
        Key::Right => 0xff53,
        Key::Down => 0xff54,
        Key::End => 0xff57,
        Key::Shift => 0xffe1,
        Key::Control => 0xffe3,
        Key::Alt => 0xffe9,
        Key::Char(latin @ ('\u{20}'..='\u{7e}' | '\u{a0}'..='\u{ff}')) => u32::from(latin),
        Key::Char(other) => UNICODE | u32::from(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three keys from code 10 on: `a A`, Control, Shift.
    fn small() -> Keyboard {
        let keysyms = vec![0x61, 0x41, 0xffe3, 0, 0xffe1, 0];
        Keyboard { first: 10, columns: 2, keysyms }
    }

    #[test]
    fn a_chord_is_released_the_other_way_round() {
        let (down, up) = (KEY_PRESS_EVENT, KEY_RELEASE_EVENT);
        for (chord, expected) in [
            (&[Key::Char('a')][..], vec![(down, 10), (up, 10)]),
            (&[Key::Char('A')], vec![(down, 12), (down, 10), (up, 10), (up, 12)]),
            (&[Key::Shift, Key::Char('A')], vec![(down, 12), (down, 10), (up, 10), (up, 12)]),
            (&[Key::Control, Key::Char('a')], vec![(down, 11), (down, 10), (up, 10), (up, 11)]),
        ] {
            assert_eq!(small().strokes(chord).unwrap(), expected, "{chord:?}");
        }
    }

    #[test]
    fn a_character_without_a_key_is_an_error() {
        for missing in ['b', '\u{e9}', '•', '\n'] {
            let error = small().knows(&[Key::Char('a'), Key::Char(missing)]).unwrap_err();
            assert!(matches!(error, X11Error::NoKey(_)), "{missing:?}");
        }
    }
}
