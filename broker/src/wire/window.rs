//! What broker and host say to each other of windows as windows: what a page asks for without a
//! call, what is done to a window, and how it stands.

use serde::{Deserialize, Serialize};

/// What a page, or the person before it, reaches for by way of the WebView and not by a call. None
/// of it happens before the broker has said so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Power {
    /// The document goes to an address beyond the window's own origins.
    Navigate,
    /// An address is opened in another window.
    OpenWindow,
    /// The camera is used.
    Camera,
    /// The microphone is used.
    Microphone,
    /// The place of the machine is read.
    Geolocation,
    /// The clipboard is read without the person's paste.
    ClipboardRead,
    /// Notifications are shown.
    Notifications,
    /// Files are dragged into the window.
    DropFiles,
    /// The inspector is opened.
    Devtools,
    /// The page is printed.
    Print,
}

impl Power {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Navigate,
        Self::OpenWindow,
        Self::Camera,
        Self::Microphone,
        Self::Geolocation,
        Self::ClipboardRead,
        Self::Notifications,
        Self::DropFiles,
        Self::Devtools,
        Self::Print,
    ];

    /// What a capability file calls it.
    #[must_use]
    pub const fn command(self) -> &'static str {
        match self {
            Self::Navigate => "webview.navigate",
            Self::OpenWindow => "webview.open_window",
            Self::Camera => "webview.camera",
            Self::Microphone => "webview.microphone",
            Self::Geolocation => "webview.geolocation",
            Self::ClipboardRead => "webview.clipboard_read",
            Self::Notifications => "webview.notifications",
            Self::DropFiles => "webview.drop_files",
            Self::Devtools => "webview.devtools",
            Self::Print => "webview.print",
        }
    }

    /// Whether the WebView waits for the answer for as long as a person may take. Files that are dragged
    /// into a window are let go when the person lets go of them: the hand that would answer holds them.
    #[must_use]
    pub const fn can_wait(self) -> bool {
        !matches!(self, Self::DropFiles)
    }
}

/// How a window stands on the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stance {
    /// From the left of the screen, in logical pixels.
    pub x: i32,
    /// From the top of the screen, in logical pixels.
    pub y: i32,
    /// Width of the content, in logical pixels.
    pub width: u32,
    /// Height of the content, in logical pixels.
    pub height: u32,
    /// Whether it fills the screen.
    pub fullscreen: bool,
    /// Whether it is shown.
    pub visible: bool,
    /// Whether it has the keyboard.
    pub focused: bool,
    /// Whether it stays above others.
    pub always_on_top: bool,
}

/// Where a window is put when it opens; the host keeps it within the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placing {
    /// From the left of the screen, in logical pixels.
    pub x: i32,
    /// From the top of the screen, in logical pixels.
    pub y: i32,
    /// Whether it fills the screen.
    pub fullscreen: bool,
}

/// What is done to a window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum WindowChange {
    /// Set its title.
    Title(String),
    /// Set the size of its content, in logical pixels.
    Size {
        /// Width.
        width: u32,
        /// Height.
        height: u32,
    },
    /// Move it, in logical pixels from the top left of the screen.
    Position {
        /// From the left.
        x: i32,
        /// From the top.
        y: i32,
    },
    /// Let it fill the screen, or not.
    Fullscreen(bool),
    /// Keep it above others, or not.
    AlwaysOnTop(bool),
    /// Show it, or hide it.
    Visible(bool),
    /// Give it the keyboard.
    Focus,
    /// Close it.
    Close,
}

/// An item of a window's menu.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MenuItem {
    /// Its number, which the host repeats when it is chosen.
    pub number: u32,
    /// What it says.
    pub title: String,
    /// The keys that choose it, as GTK writes them: `<Control>s`.
    pub keys: Option<String>,
}

/// A menu of a window's menu bar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Menu {
    /// What it says.
    pub title: String,
    /// What can be chosen.
    pub items: Vec<MenuItem>,
}
