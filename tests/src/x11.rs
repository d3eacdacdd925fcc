//! A display as the person before it has it: windows with titles, a keyboard, a mouse, and what
//! the screen shows. No window manager runs on a private display: nobody reads `_NET_*` wishes,
//! and the focus goes where it is put.

mod clipboard;
mod drag;
mod error;
mod keyboard;
mod picture;
mod place;
#[cfg(test)]
mod specimen;
mod wishes;

use std::{env, fs, io, os::unix::net::UnixStream, path::PathBuf, thread, time::Duration};

use x11rb::{
    CURRENT_TIME,
    connection::Connection,
    protocol::{
        res::{self, ClientIdMask, ClientIdSpec},
        xproto::{
            Atom, AtomEnum, BUTTON_PRESS_EVENT, BUTTON_RELEASE_EVENT, ConfigureWindowAux,
            ConnectionExt, InputFocus, MOTION_NOTIFY_EVENT, MapState, StackMode,
            Window as WindowId,
        },
        xtest::ConnectionExt as _,
    },
    rust_connection::{DefaultStream, RustConnection},
};

use self::keyboard::Keyboard;
pub use self::{error::X11Error, keyboard::Key, picture::Picture, place::Place};
use crate::{
    display::{COOKIE_PROTOCOL, Display},
    wait::until_some,
};

/// How deep below the root a titled window is looked for: its own level, and those of a window
/// manager's frame where there is one.
const DEPTH: u8 = 3;

/// The most of a title that is read, in units of four bytes.
const TITLE: u32 = 1024;

/// The pause after a key or a click, about a quick typist's: programs see input as it comes from
/// a person, not a thousand events in one read.
const PAUSE: Duration = Duration::from_millis(8);

/// A client of a display that looks at it and works it.
#[derive(Debug)]
pub struct Desk {
    connection: RustConnection,
    root: WindowId,
    screen: (u16, u16),
    keyboard: Keyboard,
    utf8_title: Atom,
}

/// A window that is on the screen, with the title it had when it was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// Its number.
    pub id: WindowId,
    /// Its title.
    pub title: String,
}

impl Desk {
    /// Sits down before `display`.
    ///
    /// # Errors
    /// [`X11Error`] where the display cannot be reached, or lacks the XTEST extension.
    pub fn at(display: &Display) -> Result<Self, X11Error> {
        let (stream, _) = DefaultStream::from_unix_stream(UnixStream::connect(display.socket())?)?;
        let secret = display.secret().to_vec();
        let protocol = if secret.is_empty() { "" } else { COOKIE_PROTOCOL };
        let connection =
            RustConnection::connect_to_stream_with_auth_info(stream, 0, protocol.into(), secret)?;
        let screen = connection.setup().roots.first().ok_or(X11Error::NoScreen)?;
        let (root, screen) = (screen.root, (screen.width_in_pixels, screen.height_in_pixels));
        let utf8_title = connection.intern_atom(false, b"_NET_WM_NAME")?.reply()?.atom;
        connection.xtest_get_version(2, 2)?.reply()?;
        let keyboard = Keyboard::of(&connection)?;
        Ok(Self { connection, root, screen, keyboard, utf8_title })
    }

    /// The windows with a title that are on the screen.
    ///
    /// # Errors
    /// [`X11Error`] where the display is gone. A window that goes while it is looked at is none.
    pub fn windows(&self) -> Result<Vec<Window>, X11Error> {
        let mut found = Vec::new();
        self.walk(self.root, DEPTH, &mut found)?;
        Ok(found)
    }

    /// Waits for a window whose title is `wanted`.
    ///
    /// # Errors
    /// [`X11Error::NoWindow`], with the titles that were there instead when `limit` had passed.
    pub fn wait_for(
        &self,
        what: &str,
        limit: Duration,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<Window, X11Error> {
        let look = || match self.windows() {
            Ok(windows) => windows.into_iter().find(|window| wanted(&window.title)).map(Ok),
            Err(error) => Some(Err(error)),
        };
        if let Some((found, _)) = until_some(limit, look) {
            return found;
        }
        let seen = self.windows()?.into_iter().map(|window| window.title).collect();
        Err(X11Error::NoWindow { wanted: what.to_owned(), limit, seen })
    }

    /// The title that a window has now.
    ///
    /// # Errors
    /// [`X11Error`] where the window is gone.
    pub fn title(&self, window: &Window) -> Result<Option<String>, X11Error> {
        self.title_of(window.id)
    }

    /// The process that a window belongs to, as the kernel told the X server when it connected:
    /// what the window says of itself (`_NET_WM_PID`) is a number in its own sandbox.
    ///
    /// # Errors
    /// [`X11Error::NoProcess`] where the server does not know.
    pub fn process(&self, window: &Window) -> Result<u32, X11Error> {
        let mask = ClientIdMask::LOCAL_CLIENT_PID;
        let asked = [ClientIdSpec { client: window.id, mask }];
        let known = res::query_client_ids(&self.connection, &asked)?.reply()?.ids;
        let process = known.iter().find_map(|id| id.value.first());
        process.copied().ok_or_else(|| X11Error::NoProcess(window.title.clone()))
    }

    /// Moves and sizes a window, and puts it on top.
    ///
    /// # Errors
    /// [`X11Error`] where the window is gone.
    pub fn arrange(&self, window: &Window, place: Place) -> Result<(), X11Error> {
        let wishes = ConfigureWindowAux::new()
            .x(i32::from(place.x))
            .y(i32::from(place.y))
            .width(u32::from(place.width))
            .height(u32::from(place.height))
            .stack_mode(StackMode::ABOVE);
        Ok(self.connection.configure_window(window.id, &wishes)?.check()?)
    }

    /// Puts a window on top and gives it the keyboard.
    ///
    /// # Errors
    /// [`X11Error`] where the window is gone.
    pub fn focus(&self, window: &Window) -> Result<(), X11Error> {
        let top = ConfigureWindowAux::new().stack_mode(StackMode::ABOVE);
        self.connection.configure_window(window.id, &top)?.check()?;
        let to_root = InputFocus::POINTER_ROOT;
        self.connection.set_input_focus(to_root, window.id, CURRENT_TIME)?.check()?;
        Ok(())
    }

    /// Where a window is.
    ///
    /// # Errors
    /// [`X11Error`] where the window is gone.
    pub fn place(&self, window: &Window) -> Result<Place, X11Error> {
        let size = self.connection.get_geometry(window.id)?.reply()?;
        let corner = self.connection.translate_coordinates(window.id, self.root, 0, 0)?.reply()?;
        let (width, height) = (size.width, size.height);
        Ok(Place { x: corner.dst_x, y: corner.dst_y, width, height })
    }

    /// Types a text on the keyboard, a line feed as the Enter key.
    ///
    /// # Errors
    /// [`X11Error::NoKey`] where the keyboard lacks a character; nothing was typed then.
    pub fn type_text(&self, text: &str) -> Result<(), X11Error> {
        let keys: Vec<_> = text.chars().map(Key::Char).collect();
        self.keyboard.knows(&keys)?;
        keys.into_iter().try_for_each(|key| self.press(&[key]))
    }

    /// Presses keys together, the first one first: `[Key::Control, Key::Char('s')]`.
    ///
    /// # Errors
    /// [`X11Error::NoKey`] where the keyboard lacks one of them; none was pressed then.
    pub fn press(&self, chord: &[Key]) -> Result<(), X11Error> {
        for (event, code) in self.keyboard.strokes(chord)? {
            self.fake(event, code, (0, 0))?;
        }
        thread::sleep(PAUSE);
        Ok(())
    }

    /// Clicks with the first mouse button, at a point counted from the window's upper left corner.
    ///
    /// # Errors
    /// [`X11Error`] where the window is gone.
    pub fn click(&self, window: &Window, x: i16, y: i16) -> Result<(), X11Error> {
        self.click_with(1, window, x, y)
    }

    /// The same with the mouse button that opens a context menu.
    ///
    /// # Errors
    /// [`X11Error`] where the window is gone.
    pub fn click_for_menu(&self, window: &Window, x: i16, y: i16) -> Result<(), X11Error> {
        self.click_with(3, window, x, y)
    }

    fn click_with(&self, button: u8, window: &Window, x: i16, y: i16) -> Result<(), X11Error> {
        let place = self.place(window)?;
        let point = (place.x.saturating_add(x), place.y.saturating_add(y));
        self.fake(MOTION_NOTIFY_EVENT, 0, point)?;
        thread::sleep(PAUSE);
        self.fake(BUTTON_PRESS_EVENT, button, (0, 0))?;
        self.fake(BUTTON_RELEASE_EVENT, button, (0, 0))?;
        thread::sleep(PAUSE);
        Ok(())
    }

    /// What the screen shows where a window is; another window on top of it would be in the
    /// picture.
    ///
    /// # Errors
    /// [`X11Error`] where the window is gone, or wholly beside the screen.
    pub fn picture_of(&self, window: &Window) -> Result<Picture, X11Error> {
        let visible = self.place(window)?.within(self.screen).ok_or(X11Error::OffScreen)?;
        Picture::take(&self.connection, self.root, visible)
    }

    /// What the whole screen shows.
    ///
    /// # Errors
    /// [`X11Error`] where the display is gone.
    pub fn picture(&self) -> Result<Picture, X11Error> {
        let (width, height) = self.screen;
        Picture::take(&self.connection, self.root, Place { x: 0, y: 0, width, height })
    }

    /// Puts what the whole screen shows into the folder of pictures, where a person looks at what a test
    /// cannot judge: `pictures` in cargo's target directory, or where `SIDEGATE_PICTURES` says.
    ///
    /// # Errors
    /// [`X11Error`] where the display is gone, or the file cannot be written.
    pub fn keep_picture(&self, name: &str) -> Result<PathBuf, X11Error> {
        let folder = pictures()?;
        fs::create_dir_all(&folder)?;
        let path = folder.join(name).with_extension("png");
        self.picture()?.save(&path)?;
        Ok(path)
    }

    fn walk(&self, parent: WindowId, depth: u8, found: &mut Vec<Window>) -> Result<(), X11Error> {
        let Some(deeper) = depth.checked_sub(1) else {
            return Ok(());
        };
        let Some(tree) = X11Error::gone(self.connection.query_tree(parent)?.reply())? else {
            return Ok(());
        };
        for id in tree.children {
            match self.visible_title(id)? {
                Some(title) => found.push(Window { id, title }),
                None => self.walk(id, deeper, found)?,
            }
        }
        Ok(())
    }

    fn visible_title(&self, id: WindowId) -> Result<Option<String>, X11Error> {
        let attributes = self.connection.get_window_attributes(id)?.reply();
        match X11Error::gone(attributes)? {
            Some(known) if known.map_state == MapState::VIEWABLE => self.title_of(id),
            _ => Ok(None),
        }
    }

    /// The title in UTF-8 goes before the old one in the locale's letters.
    fn title_of(&self, id: WindowId) -> Result<Option<String>, X11Error> {
        for name in [self.utf8_title, AtomEnum::WM_NAME.into()] {
            let asked =
                self.connection.get_property(false, id, name, AtomEnum::ANY, 0, TITLE)?.reply();
            match X11Error::gone(asked)? {
                Some(title) if !title.value.is_empty() => {
                    return Ok(Some(String::from_utf8_lossy(&title.value).into_owned()));
                }
                _ => {}
            }
        }
        Ok(None)
    }

    fn fake(&self, event: u8, detail: u8, (x, y): (i16, i16)) -> Result<(), X11Error> {
        let now = CURRENT_TIME;
        self.connection.xtest_fake_input(event, detail, now, self.root, x, y, 0)?.check()?;
        Ok(())
    }
}

fn pictures() -> io::Result<PathBuf> {
    if let Some(folder) = env::var_os("SIDEGATE_PICTURES") {
        return Ok(folder.into());
    }
    // A test lies in `deps` of a profile's folder.
    let program = env::current_exe()?;
    let target = program.ancestors().nth(3).unwrap_or(&program);
    Ok(target.join("pictures"))
}

#[cfg(test)]
mod tests;
