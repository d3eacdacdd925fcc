//! What a host is told of a window that it opens: what the manifest says, what is remembered of it,
//! where it may go, and which of the WebView's powers it could come to have.

use sidegate_capabilities::{CommandName, Origin};

use crate::app::{SIZE, Window};
use crate::core::Core;
use crate::wire::{OpenWindow, Power, WindowId};

pub(super) fn opening(core: &Core, id: WindowId, window: &Window) -> OpenWindow {
    let remembered =
        if window.remember { core.windows.memory().recall(&window.label) } else { None };
    // A file that somebody wrote a size into is no reason for a window that nobody can use.
    let within = |size: u32| size.clamp(*SIZE.start(), *SIZE.end());
    let (width, height) = remembered
        .map_or((window.width, window.height), |it| (within(it.width), within(it.height)));
    OpenWindow {
        window: id,
        label: window.label.to_string(),
        title: window.title.clone(),
        url: window.url.clone(),
        width,
        height,
        origins: origins(core, window),
        devtools: core.debug,
        placing: remembered.map(|it| it.placing()),
        powers: Power::ALL.into_iter().filter(|power| may_have(core, window, *power)).collect(),
        menus: if window.menu { core.windows.menus().for_host() } else { Vec::new() },
    }
}

/// Where a window may go: to its own page, whatever that may do there, and to the origins
/// that the policy names for it.
fn origins(core: &Core, window: &Window) -> Vec<String> {
    let mut origins = core.pipeline.force.load().policies.enforced.origins(&window.label);
    if let Ok(own) = Origin::of_url(&window.url).map(|own| own.to_string())
        && !origins.contains(&own)
    {
        origins.push(own);
    }
    origins
}

/// Whether some document of the window could be granted a power, now or under a capability that has
/// not ended yet. It opens switches of the WebView and decides nothing.
fn may_have(core: &Core, window: &Window, power: Power) -> bool {
    let policies = &core.pipeline.force.load().policies;
    CommandName::parse(power.command())
        .is_ok_and(|command| policies.enforced.names_command(&window.label, &command))
}
