//! The menu bar of a window: titles and keys as the broker sent them. What is chosen is told by its
//! number; what that stands for is the broker's to know.

use gtk::prelude::*;
use sidegate::wire::{Menu, MenuItem, WindowId};
use tao::event_loop::EventLoopProxy;

use crate::host::Wake;

/// Puts the menus into the box that the WebView will be put into as well.
pub(super) fn put(menus: &[Menu], room: &gtk::Box, window: WindowId, proxy: &EventLoopProxy<Wake>) {
    if menus.is_empty() {
        return;
    }
    let keys = gtk::AccelGroup::new();
    let bar = gtk::MenuBar::new();
    for menu in menus {
        let list = gtk::Menu::new();
        menu.items.iter().for_each(|item| list.append(&entry(item, &keys, window, proxy.clone())));
        let head = gtk::MenuItem::with_label(&menu.title);
        head.set_submenu(Some(&list));
        bar.append(&head);
    }
    room.pack_start(&bar, false, false, 0);
    bar.show_all();
    if let Some(shell) = room.toplevel().and_then(|top| top.downcast::<gtk::Window>().ok()) {
        shell.add_accel_group(&keys);
    }
}

fn entry(
    item: &MenuItem,
    keys: &gtk::AccelGroup,
    window: WindowId,
    proxy: EventLoopProxy<Wake>,
) -> gtk::MenuItem {
    let entry = gtk::MenuItem::with_label(&item.title);
    if let Some(text) = &item.keys {
        let (key, modifiers) = gtk::accelerator_parse(text);
        if key != 0 {
            entry.add_accelerator("activate", keys, key, modifiers, gtk::AccelFlags::VISIBLE);
        }
    }
    let number = item.number;
    entry.connect_activate(move |_| {
        // Where the main loop is gone, so is the process.
        let _ = proxy.send_event(Wake::Chosen(window, number));
    });
    entry
}
