//! What the sandbox lets through for a profile that asks for it, the same at each level.

/// What names become addresses by, and whose certificates are believed.
pub(super) const READ_FOR_NETWORK: [&str; 8] = [
    "/etc/resolv.conf",
    "/etc/hosts",
    "/etc/host.conf",
    "/etc/nsswitch.conf",
    "/etc/gai.conf",
    "/etc/ssl/certs",
    "/etc/pki",
    "/etc/ca-certificates",
];

/// The graphics card's devices, as its drivers name them.
pub(super) const GPU: [&str; 5] =
    ["/dev/dri", "/dev/nvidia0", "/dev/nvidiactl", "/dev/nvidia-modeset", "/dev/nvidia-uvm"];

/// Where a driver looks for what kind of card it is.
pub(super) const READ_FOR_GPU: [&str; 2] = ["/sys/dev/char", "/sys/devices"];
