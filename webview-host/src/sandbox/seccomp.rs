//! The system calls that a host and its web processes have no business with. They fail with
//! `EPERM`, as they would for lack of a right; nobody is killed for trying.
//!
//! The list names what is forbidden, not what is allowed: a browser engine, its graphics stack
//! and its fonts use most of the kernel, and differ from release to release. What a file, a
//! socket or a process may be is for the namespaces and Landlock.

use std::collections::BTreeMap;

use seccompiler::{
    BpfProgram, Error, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition,
    SeccompFilter, SeccompRule, TargetArch,
};
use sidegate::wire::{HostProfile, SandboxLevel};

/// Other processes' memory and descriptors; the kernel's own machinery; keys; handles that
/// open files by number; the machine's clock, modules, swap and power.
const FORBIDDEN: [i64; 44] = [
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_pidfd_getfd,
    libc::SYS_kcmp,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_io_setup,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_open_by_handle_at,
    libc::SYS_name_to_handle_at,
    libc::SYS_fanotify_init,
    libc::SYS_fanotify_mark,
    libc::SYS_kexec_load,
    libc::SYS_kexec_file_load,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_acct,
    libc::SYS_syslog,
    libc::SYS_quotactl,
    libc::SYS_quotactl_fd,
    libc::SYS_nfsservctl,
    libc::SYS_vhangup,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_adjtimex,
    libc::SYS_lookup_dcookie,
    libc::SYS_move_pages,
    libc::SYS_migrate_pages,
    libc::SYS_remap_file_pages,
    libc::SYS_mq_open,
    libc::SYS_setdomainname,
];

/// What builds namespaces and mounts: WebKit's own sandbox at level A, nobody below.
const BUILDING: [i64; 13] = [
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    libc::SYS_mount_setattr,
];

/// What makes a socket one that others connect to.
const LISTENING: [i64; 2] = [libc::SYS_bind, libc::SYS_listen];

/// On this processor a second table of system calls hides behind this bit, where the kernel
/// was built with it.
#[cfg(target_arch = "x86_64")]
const X32: i64 = 0x4000_0000;

/// The calls that the second table numbers differently: `ptrace`, `kexec_load`,
/// `process_vm_readv`, `process_vm_writev`, `io_setup`.
#[cfg(target_arch = "x86_64")]
const X32_ONLY: [i64; 5] = [521, 528, 539, 540, 543];

/// The kinds of socket with which one writes packets of one's own, or a protocol that nobody asked
/// for: raw, reliable datagrams, sequenced packets, congestion control, packets.
const KINDS_REFUSED: [u64; 5] = [3, 4, 5, 6, 10];

/// A socket's kind without its flags.
const KIND: u64 = 0xf;

/// Memory that is written and run at once; memory that is to be run from now on.
const WRITE_AND_RUN: u64 = 0x2 | 0x4;
const RUN: u64 = 0x4;

/// The same of memory that processes share.
const SHARED_RUN: u64 = 0o100_000;

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// Binds this thread and what descends from it, for good.
///
/// # Errors
/// The kernel has no seccomp, or the filter cannot be made for this processor.
pub(super) fn restrict(level: SandboxLevel, profile: &HostProfile) -> Result<(), Error> {
    seccompiler::apply_filter(&program(rules(level, profile)?, libc::EPERM)?)?;
    if level < SandboxLevel::A {
        // The flags of `clone3` lie in memory, out of a filter's sight. Told that there is no
        // such call, the C library uses `clone`.
        let hidden = Rules::from([(libc::SYS_clone3, Vec::new())]);
        seccompiler::apply_filter(&program(hidden, libc::ENOSYS)?)?;
    }
    Ok(())
}

fn program(rules: Rules, errno: i32) -> Result<BpfProgram, Error> {
    let refuse = SeccompAction::Errno(errno.unsigned_abs());
    let processor = TargetArch::try_from(std::env::consts::ARCH)?;
    Ok(SeccompFilter::new(rules, SeccompAction::Allow, refuse, processor)?.try_into()?)
}

fn rules(level: SandboxLevel, profile: &HostProfile) -> Result<Rules, Error> {
    let mut forbidden = FORBIDDEN.to_vec();
    if level < SandboxLevel::A {
        forbidden.extend(BUILDING.iter().chain(&LISTENING));
    }
    #[cfg(target_arch = "x86_64")]
    {
        let hidden = |number: &i64| number | X32;
        let second: Vec<i64> = forbidden.iter().chain(&X32_ONLY).map(hidden).collect();
        forbidden.extend(second);
        forbidden.push(libc::SYS_socket | X32);
    }
    let mut rules: Rules = forbidden.into_iter().map(|number| (number, Vec::new())).collect();
    rules.insert(libc::SYS_socket, socket_rules(level, profile)?);
    if !profile.jit {
        rules.extend(code_rules()?);
    }
    if level < SandboxLevel::A {
        let user = number(libc::CLONE_NEWUSER);
        let flag = argument(0, SeccompCmpOp::MaskedEq(user), user)?;
        rules.insert(libc::SYS_clone, vec![SeccompRule::new(vec![flag])?]);
    }
    Ok(rules)
}

/// Refuses every family of sockets but local ones. At level A netlink's routes stay open: with
/// them WebKit's own sandbox brings up the loopback of its empty network. With a network, TCP and
/// UDP are let through, and nothing else that such a socket could speak: Landlock knows the ports
/// of TCP and not those of its relatives (MPTCP, SCTP, SMC).
fn socket_rules(level: SandboxLevel, profile: &HostProfile) -> Result<Vec<SeccompRule>, Error> {
    let routes = (level == SandboxLevel::A).then_some(libc::AF_NETLINK);
    let internet = [libc::AF_INET, libc::AF_INET6].into_iter().filter(|_| profile.has_network());
    let allowed = [libc::AF_UNIX].into_iter().chain(routes).chain(internet.clone());
    let none_of_these = allowed.map(|family| argument(0, SeccompCmpOp::Ne, number(family)));
    let mut rules = vec![SeccompRule::new(none_of_these.collect::<Result<_, _>>()?)?];
    if let Some(family) = routes {
        let is_netlink = argument(0, SeccompCmpOp::Eq, number(family))?;
        let no_routes = argument(2, SeccompCmpOp::Ne, number(libc::NETLINK_ROUTE))?;
        rules.push(SeccompRule::new(vec![is_netlink, no_routes])?);
    }
    for family in internet {
        let is_internet = argument(0, SeccompCmpOp::Eq, number(family))?;
        let protocols = [0, libc::IPPROTO_TCP, libc::IPPROTO_UDP];
        let other = protocols.map(|known| argument(2, SeccompCmpOp::Ne, number(known)));
        let other = other.into_iter().collect::<Result<Vec<_>, _>>()?;
        rules.push(SeccompRule::new([vec![is_internet.clone()], other].concat())?);
        for kind in KINDS_REFUSED {
            let is_kind = argument(1, SeccompCmpOp::MaskedEq(KIND), kind)?;
            rules.push(SeccompRule::new(vec![is_internet.clone(), is_kind])?);
        }
    }
    Ok(rules)
}

/// Refuses memory that is written and then run: what a compiler of scripts makes, and what an
/// attacker brings.
fn code_rules() -> Result<Rules, Error> {
    let refused = |bits| -> Result<Vec<SeccompRule>, Error> {
        let flag = argument(2, SeccompCmpOp::MaskedEq(bits), bits)?;
        Ok(vec![SeccompRule::new(vec![flag])?])
    };
    let rules = [
        (libc::SYS_mmap, refused(WRITE_AND_RUN)?),
        (libc::SYS_mprotect, refused(RUN)?),
        (libc::SYS_pkey_mprotect, refused(RUN)?),
        (libc::SYS_shmat, refused(SHARED_RUN)?),
    ];
    #[cfg(target_arch = "x86_64")]
    {
        let second = rules.clone().map(|(number, rules)| (number | X32, rules));
        Ok(rules.into_iter().chain(second).collect())
    }
    #[cfg(not(target_arch = "x86_64"))]
    Ok(rules.into())
}

fn number(constant: i32) -> u64 {
    u64::from(constant.unsigned_abs())
}

fn argument(index: u8, operator: SeccompCmpOp, value: u64) -> Result<SeccompCondition, Error> {
    Ok(SeccompCondition::new(index, SeccompCmpArgLen::Dword, operator, value)?)
}
