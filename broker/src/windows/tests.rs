//! Which window an address opens in, and what it is called.

use super::*;

#[derive(Debug)]
struct Nowhere;

impl WindowPort for Nowhere {
    fn change(&self, _: crate::wire::WindowChange) -> Result<(), HandlerError> {
        Ok(())
    }
}

fn windows() -> (Windows, mpsc::Receiver<Window>) {
    let template =
        |name: &str, page: &str| Template::new(name, Window::new("model", page).unwrap()).unwrap();
    let docs =
        template("docs", "docs.html").take(Origin::parse("https://docs.example.com").unwrap());
    let templates = vec![template("preview", "preview.html"), docs];
    Windows::new(templates, Menus::default(), Memory::default())
}

#[test]
fn c10_the_template_is_the_addresss_and_never_the_pages() {
    let (windows, _wishes) = windows();
    for (url, expected) in [
        ("app://localhost/preview.html", Some("preview")),
        ("app://localhost/preview.html?note=a#b", Some("preview")),
        ("app://localhost/docs.html", Some("docs")),
        ("https://docs.example.com/a", Some("docs")),
        ("https://docs.example.com:8443/a", None),
        ("http://docs.example.com/a", None),
        ("https://docs.example.com.evil/a", None),
        ("https://evil@docs.example.com/", None),
        ("app://localhost/editor.html", None),
        ("app://other/preview.html", None),
        ("preview.html", None),
        ("javascript:alert(1)", None),
        ("", None),
    ] {
        assert_eq!(windows.template_for(url).map(Template::name), expected, "{url}");
    }
}

#[test]
fn windows_are_made_up_to_a_number_and_their_labels_are_used_again() {
    let (windows, mut wishes) = windows();
    let made = |windows: &Windows| windows.make("preview", None).map(|label| label.to_string());
    assert_eq!(made(&windows).unwrap_err().code(), "unavailable");
    windows.serve(true);
    assert_eq!(windows.make("other", None).unwrap_err().code(), "not_found");
    for number in 1..=4 {
        assert_eq!(made(&windows).unwrap(), format!("preview-{number}"));
    }
    assert_eq!(made(&windows).unwrap_err().code(), "too_many");
    windows.unmake(&[WindowLabel::parse("preview-2").unwrap()]);
    assert_eq!(made(&windows).unwrap(), "preview-2");
    let first = wishes.try_recv().unwrap();
    assert_eq!((first.label.as_str(), &*first.url), ("preview-1", "app://localhost/preview.html"));
}

#[tokio::test]
async fn what_happens_to_a_window_is_told_in_order_and_once() {
    let (windows, _wishes) = windows();
    let mut events = windows.events();
    let (id, window) = (WindowId(7), WindowLabel::parse("editor").unwrap());
    let port: Arc<dyn WindowPort> = Arc::new(Nowhere);
    let (fullscreen, visible, focused, always_on_top) = (false, true, false, false);
    let (x, y, width, height) = (1, 2, 640, 480);
    let stance = Stance { x, y, width, height, fullscreen, visible, focused, always_on_top };
    windows.opened(id, &window, &port);
    windows.stands(id, stance);
    windows.stands(id, stance);
    windows.stands(WindowId(8), stance);
    assert!(windows.port_of("editor").is_some() && windows.port_of("other").is_none());
    assert_eq!(windows.list(), [(window.clone(), Some(stance))]);
    windows.closed(id);
    windows.closed(id);
    windows.chosen(&window, "save");
    assert!(windows.port_of("editor").is_none());
    for expected in [
        WindowEvent::Opened { window: window.clone() },
        WindowEvent::Changed { window: window.clone(), stance },
        WindowEvent::Closed { window: window.clone() },
        WindowEvent::Menu { window, item: "save".into() },
    ] {
        assert_eq!(events.next().await, Some(expected));
    }
    drop(windows);
    assert_eq!(events.next().await, None);
}

#[tokio::test]
async fn a_slow_listener_learns_how_much_it_missed() {
    let (windows, _wishes) = windows();
    let mut events = windows.events();
    let window = WindowLabel::parse("editor").unwrap();
    (0..EVENTS + 3).for_each(|_| windows.chosen(&window, "save"));
    assert_eq!(events.next().await, Some(WindowEvent::Missed(3)));
}
