//! What WebKit would give a page, or whoever sits before it, without a call: here WebKit asks, and
//! what it asks is put to the broker. Its questions are held, never answered by a guess. What is
//! refused to every page stands in [`super::refusals`].

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use gtk::glib;
use gtk::prelude::*;
use sidegate::wire::Power;
use webkit2gtk::{
    NavigationPolicyDecision, NavigationPolicyDecisionExt, PermissionRequest, PermissionRequestExt,
    PolicyDecision, PolicyDecisionExt, PolicyDecisionType, PrintOperationExt, URIRequestExt,
    UserMediaPermissionRequest, UserMediaPermissionRequestExt, WebInspector, WebInspectorExt,
    WebView, WebViewExt,
};
use wry::DragDropEvent;

use super::page::Page;
use super::refusals::may_navigate;

/// The page behind a WebView, for handlers that are given to WebKit before there is one.
pub(super) type Slot = Rc<RefCell<Weak<Page>>>;

/// Connects what WebKit asks to what the broker is asked.
pub(super) fn connect(page: &Rc<Page>, view: &WebView, inspected_by_anybody: bool) {
    let asker = Rc::downgrade(page);
    view.connect_decide_policy(move |_, decision, kind| match kind {
        PolicyDecisionType::NavigationAction => navigation(&asker, decision),
        PolicyDecisionType::NewWindowAction => new_window(&asker, decision),
        PolicyDecisionType::Response | _ => false,
    });
    let asker = Rc::downgrade(page);
    view.connect_create(move |_, action| {
        let url = action.request().and_then(|request| request.uri());
        open_window(&asker, url.map(String::from).unwrap_or_default());
        // Never a view that shares a process, and an opener, with the one that asked.
        None
    });
    let asker = Rc::downgrade(page);
    view.connect_permission_request(move |_, request| {
        permission(&asker, request);
        true
    });
    let asker = Rc::downgrade(page);
    view.connect_print(move |view, operation| {
        let (view, operation) = (view.clone(), operation.clone());
        ask(&asker, Power::Print, None, move |allowed| {
            if allowed {
                let parent = view.toplevel().and_then(|top| top.downcast::<gtk::Window>().ok());
                operation.run_dialog(parent.as_ref());
            }
        });
        true
    });
    if let Some(inspector) = view.inspector().filter(|_| !inspected_by_anybody) {
        guard_inspector(page, &inspector);
    }
}

/// What decides whether files that are dragged over the window may be dropped into it. They are asked
/// for when they enter; where the answer is not there when they are let go, they are not taken.
pub(super) fn drops(page: Slot) -> impl Fn(DragDropEvent) -> bool + 'static {
    let may_drop = Rc::new(Cell::new(false));
    move |event| {
        #[expect(clippy::wildcard_enum_match_arm, reason = "moves over the window change nothing")]
        match event {
            DragDropEvent::Enter { .. } => {
                may_drop.set(false);
                let answer = Rc::clone(&may_drop);
                ask(&page.borrow(), Power::DropFiles, None, move |allowed| answer.set(allowed));
                true
            }
            DragDropEvent::Drop { .. } => !may_drop.replace(false),
            DragDropEvent::Leave => {
                may_drop.set(false);
                true
            }
            _ => true,
        }
    }
}

/// Asks for a power; without a page to ask for, it is refused.
fn ask(page: &Weak<Page>, power: Power, url: Option<String>, then: impl FnOnce(bool) + 'static) {
    match page.upgrade() {
        Some(page) => page.ask(power, url, Box::new(then)),
        None => then(false),
    }
}

fn address(decision: &PolicyDecision) -> Option<String> {
    let decision = decision.dynamic_cast_ref::<NavigationPolicyDecision>()?;
    let uri = decision.navigation_action()?.request()?.uri()?;
    Some(uri.into())
}

fn navigation(page: &Weak<Page>, decision: &PolicyDecision) -> bool {
    let Some((url, alive)) = address(decision).zip(page.upgrade()) else {
        decision.ignore();
        return true;
    };
    if may_navigate(&url, alive.origins()) {
        decision.use_();
        return true;
    }
    let decision = decision.clone();
    ask(page, Power::Navigate, Some(url), move |allowed| {
        if allowed {
            decision.use_();
        } else {
            decision.ignore();
        }
    });
    true
}

fn new_window(page: &Weak<Page>, decision: &PolicyDecision) -> bool {
    decision.ignore();
    open_window(page, address(decision).unwrap_or_default());
    true
}

/// The window itself is the broker's to make, of its own label, in a process of its own: here is
/// nothing to be done with the answer.
fn open_window(page: &Weak<Page>, url: String) {
    ask(page, Power::OpenWindow, Some(url), |_| ());
}

/// One request may be for two devices: one after the other is asked for, and all have to be allowed.
fn permission(page: &Weak<Page>, request: &PermissionRequest) {
    let powers = powers_of(request);
    if powers.is_empty() {
        request.deny();
        if let Some(page) = page.upgrade() {
            page.drop_it(&format!("a request for {}", request.type_().name()));
        }
        return;
    }
    all_of(page, powers.into_iter(), request.clone());
}

/// Asks for one power after the other. A person who has said no to the first is not asked about the next;
/// and where another document has come meanwhile, the answer was no.
fn all_of(page: &Weak<Page>, mut powers: std::vec::IntoIter<Power>, request: PermissionRequest) {
    let Some(power) = powers.next() else {
        return request.allow();
    };
    let next = page.clone();
    ask(
        page,
        power,
        None,
        move |allowed| {
            if allowed { all_of(&next, powers, request) } else { request.deny() }
        },
    );
}

/// What a request is for. Two of its kinds are newer than the bindings and go by their names. What is
/// not known here is nothing that anybody could grant: the screen, the names of all devices, keys of
/// protected media, another site's storage, the pointer.
fn powers_of(request: &PermissionRequest) -> Vec<Power> {
    if let Some(media) = request.downcast_ref::<UserMediaPermissionRequest>() {
        let kinds = [
            (media.is_for_video_device(), Power::Camera),
            (media.is_for_audio_device(), Power::Microphone),
        ];
        return kinds.into_iter().filter(|(asked, _)| *asked).map(|(_, power)| power).collect();
    }
    match request.type_().name() {
        "WebKitGeolocationPermissionRequest" => vec![Power::Geolocation],
        "WebKitNotificationPermissionRequest" => vec![Power::Notifications],
        "WebKitClipboardPermissionRequest" => vec![Power::ClipboardRead],
        _ => Vec::new(),
    }
}

/// Whoever opens the inspector is stopped once, and once the broker has allowed it, it is opened for
/// the document that was inspected. Another document closes it.
fn guard_inspector(page: &Rc<Page>, inspector: &WebInspector) {
    let asker = Rc::downgrade(page);
    let stop = move |inspector: &WebInspector| {
        let Some(page) = asker.upgrade() else { return true };
        if page.is_inspected() {
            return false;
        }
        let (inspector, inspected) = (inspector.clone(), Rc::downgrade(&page));
        // Not from within its own signal.
        glib::idle_add_local_once(move || {
            inspector.close();
            let Some(page) = inspected.upgrade() else { return };
            let then = move |allowed| {
                if let Some(page) = inspected.upgrade().filter(|_| allowed) {
                    page.inspect();
                    inspector.show();
                }
            };
            page.ask(Power::Devtools, None, Box::new(then));
        });
        true
    };
    let stop = Rc::new(stop);
    let stop_attaching = Rc::clone(&stop);
    inspector.connect_attach(move |inspector| stop_attaching(inspector));
    inspector.connect_open_window(move |inspector| stop(inspector));
}
