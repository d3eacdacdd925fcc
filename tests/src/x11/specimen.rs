//! A window as simple as can be, for the tests of the harness itself: it has a title and a
//! colour, and remembers what was typed and clicked.

use x11rb::{
    COPY_DEPTH_FROM_PARENT, COPY_FROM_PARENT,
    connection::Connection,
    protocol::{
        Event,
        xproto::{
            AtomEnum, ConnectionExt, CreateWindowAux, EventMask, KeyButMask, PropMode, WindowClass,
        },
    },
    rust_connection::RustConnection,
    wrapper::ConnectionExt as _,
};

use crate::display::Display;

pub(super) struct Specimen {
    connection: RustConnection,
    pub(super) id: u32,
}

impl Specimen {
    /// The colour is `0xrrggbb`.
    pub(super) fn open(display: &Display, title: &str, colour: u32) -> Self {
        let (connection, screen) = RustConnection::connect(Some(&display.name())).unwrap();
        let root = connection.setup().roots[screen].root;
        let id = connection.generate_id().unwrap();
        let wishes = CreateWindowAux::new()
            .background_pixel(colour)
            .event_mask(EventMask::KEY_PRESS | EventMask::BUTTON_PRESS | EventMask::EXPOSURE);
        connection
            .create_window(
                COPY_DEPTH_FROM_PARENT,
                id,
                root,
                10,
                20,
                100,
                80,
                0,
                WindowClass::INPUT_OUTPUT,
                COPY_FROM_PARENT,
                &wishes,
            )
            .unwrap();
        let specimen = Self { connection, id };
        specimen.set_title(title);
        specimen.connection.map_window(id).unwrap();
        specimen.connection.sync().unwrap();
        specimen
    }

    /// In UTF-8, as toolkits do.
    pub(super) fn set_title(&self, title: &str) {
        let name = self.connection.intern_atom(false, b"_NET_WM_NAME").unwrap().reply().unwrap();
        let utf8 = self.connection.intern_atom(false, b"UTF8_STRING").unwrap().reply().unwrap();
        self.set(name.atom, utf8.atom, title);
    }

    /// As the oldest programs do, and no other.
    pub(super) fn set_old_title(&self, title: &str) {
        let name = self.connection.intern_atom(false, b"_NET_WM_NAME").unwrap().reply().unwrap();
        self.connection.delete_property(self.id, name.atom).unwrap();
        self.set(AtomEnum::WM_NAME.into(), AtomEnum::STRING.into(), title);
    }

    fn set(&self, name: u32, form: u32, title: &str) {
        self.connection
            .change_property8(PropMode::REPLACE, self.id, name, form, title.as_bytes())
            .unwrap();
        self.connection.sync().unwrap();
    }

    /// What happened since it was last asked, a word each: `a`, `^s`, `click 3,4`.
    pub(super) fn happened(&self) -> Vec<String> {
        self.connection.sync().unwrap();
        let mut words = Vec::new();
        while let Some(event) = self.connection.poll_for_event().unwrap() {
            if let Event::KeyPress(key) = event {
                words.extend(self.word(key.detail, key.state));
            } else if let Event::ButtonPress(press) = event {
                words.push(format!("click {},{}", press.event_x, press.event_y));
            }
        }
        words
    }

    /// Modifiers alone are no word.
    fn word(&self, code: u8, state: KeyButMask) -> Option<String> {
        let table = self.connection.get_keyboard_mapping(code, 1).unwrap().reply().unwrap();
        let shifted = usize::from(u16::from(state) & u16::from(KeyButMask::SHIFT) != 0);
        let control = u16::from(state) & u16::from(KeyButMask::CONTROL) != 0;
        let keysym = match table.keysyms[shifted] {
            0 => table.keysyms[0],
            keysym => keysym,
        };
        match keysym {
            0xff0d => Some("\n".to_owned()),
            0xffe1..=0xffee => None,
            _ => {
                let typed = char::from_u32(keysym).unwrap();
                Some(if control { format!("^{typed}") } else { typed.to_string() })
            }
        }
    }
}
