//! System calls that no safe library makes. Each is the whole of a program of a few dozen bytes,
//! written into memory, started, and asked by its exit status what the kernel said.
//!
//! A call that gets past a filter fails with something else than `EPERM`, or succeeds and does nothing:
//! most of its arguments are zero.

use std::{
    fs::File,
    io::{self, Write},
    os::{fd::AsRawFd, unix::process::ExitStatusExt},
    process::Command,
};

use rustix::{
    fs::{MemfdFlags, memfd_create},
    io::{FdFlags, fcntl_setfd},
    process::{Pid, PidfdFlags, pidfd_open},
};

/// `CLONE_NEWUSER`: what `unshare` is asked for.
const NEW_USER_NAMESPACE: u32 = 0x1000_0000;

/// `PROT_WRITE | PROT_EXEC`, and the latter alone.
const WRITE_AND_RUN: u32 = 6;
const RUN: u32 = 4;

/// Where the program is put in memory.
const ADDRESS: u64 = 0x40_0000;

/// Bytes before the code.
const CODE: u64 = HEADERS + 32;

/// `PTRACE_SEIZE`.
const SEIZE: u32 = 0x4206;

/// Bytes of the two headers.
const HEADERS: u64 = 64 + 56;

/// Two pieces of memory, as `iovec` has them: the first byte of the program, and one of the first page,
/// which no process has. They stand behind the headers, and the code behind them.
const PIECES: [u64; 4] = [ADDRESS, 1, 0x1000, 1];
const OWN_PIECE: u32 = 0x40_0078;
const ITS_PIECE: u32 = OWN_PIECE + 16;

/// Each call by its name, and what came of it.
pub(crate) fn all() -> Vec<(&'static str, io::Result<()>)> {
    let calls: [(&str, i64, u32, u32); 23] = [
        ("sched_yield", libc::SYS_sched_yield, 0, 0),
        ("ptrace", libc::SYS_ptrace, 0, 0),
        ("process_vm_readv", libc::SYS_process_vm_readv, 0, 0),
        ("process_vm_writev", libc::SYS_process_vm_writev, 0, 0),
        ("pidfd_getfd", libc::SYS_pidfd_getfd, 0, 0),
        ("kcmp", libc::SYS_kcmp, 0, 0),
        ("bpf", libc::SYS_bpf, 0, 0),
        ("perf_event_open", libc::SYS_perf_event_open, 0, 0),
        ("io_uring_setup", libc::SYS_io_uring_setup, 0, 0),
        ("userfaultfd", libc::SYS_userfaultfd, 0, 0),
        ("keyctl", libc::SYS_keyctl, 0, 0),
        ("add_key", libc::SYS_add_key, 0, 0),
        ("request_key", libc::SYS_request_key, 0, 0),
        ("kexec_load", libc::SYS_kexec_load, 0, 0),
        ("init_module", libc::SYS_init_module, 0, 0),
        ("open_by_handle_at", libc::SYS_open_by_handle_at, 0, 0),
        ("unshare", libc::SYS_unshare, NEW_USER_NAMESPACE, 0),
        ("mount", libc::SYS_mount, 0, 0),
        ("setns", libc::SYS_setns, 0, 0),
        ("memory to write and run", libc::SYS_mmap, 0, WRITE_AND_RUN),
        ("memory to run", libc::SYS_mprotect, 0, RUN),
        ("memory to run, by key", libc::SYS_pkey_mprotect, 0, RUN),
        ("memory to read", libc::SYS_mprotect, 0, 1),
    ];
    let one = |(name, number, first, third)| (name, make(number, [first, 0, third, 0, 0]));
    calls.map(one).into()
}

/// Follows process `pid`, as a debugger does, without stopping it; for as long as the program of the
/// call lives.
pub(crate) fn trace(pid: u32) -> io::Result<()> {
    make(libc::SYS_ptrace, [SEIZE, pid, 0, 0, 0])
}

/// Reads a byte of the memory of process `pid`, where it has none: whoever may, is told that.
pub(crate) fn read_memory(pid: u32) -> io::Result<()> {
    make(libc::SYS_process_vm_readv, [pid, OWN_PIECE, 1, ITS_PIECE, 1])
}

/// Writes a byte into the memory of process `pid`, where it has none: whoever may, is told that.
pub(crate) fn write_memory(pid: u32) -> io::Result<()> {
    make(libc::SYS_process_vm_writev, [pid, OWN_PIECE, 1, ITS_PIECE, 1])
}

/// Takes the first descriptor of process `pid`.
pub(crate) fn take_descriptor(pid: u32) -> io::Result<()> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let process = pidfd_open(pid.ok_or(io::ErrorKind::InvalidInput)?, PidfdFlags::empty())?;
    // For the program of the call.
    fcntl_setfd(&process, FdFlags::empty())?;
    let number = u32::try_from(process.as_raw_fd()).map_err(io::Error::other)?;
    make(libc::SYS_pidfd_getfd, [number, 0, 0, 0, 0])
}

fn make(number: i64, arguments: [u32; 5]) -> io::Result<()> {
    let number = u32::try_from(number).map_err(io::Error::other)?;
    let mut program = File::from(memfd_create("call", MemfdFlags::CLOEXEC)?);
    program.write_all(&image(&code(number, arguments)))?;
    let path = format!("/proc/self/fd/{}", program.as_raw_fd());
    let status = Command::new(path).status()?;
    match status.code() {
        Some(errno @ 1..=133) => Err(io::Error::from_raw_os_error(errno)),
        Some(_) => Ok(()),
        None => Err(io::Error::other(format!("signal {:?}", status.signal()))),
    }
}

/// The smallest program that the kernel takes: a header, one segment, the code (see elf(5)).
fn image(code: &[u8]) -> Vec<u8> {
    let length = CODE.saturating_add(u64::try_from(code.len()).unwrap_or(0));
    let mut image = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    let half = |image: &mut Vec<u8>, values: &[u16]| {
        values.iter().for_each(|value| image.extend(value.to_le_bytes()));
    };
    let word = |image: &mut Vec<u8>, value: u32| image.extend(value.to_le_bytes());
    let long = |image: &mut Vec<u8>, values: &[u64]| {
        values.iter().for_each(|value| image.extend(value.to_le_bytes()));
    };
    half(&mut image, &[2, MACHINE]);
    word(&mut image, 1);
    long(&mut image, &[ADDRESS.saturating_add(CODE), 64, 0]);
    word(&mut image, 0);
    half(&mut image, &[64, 56, 1, 0, 0, 0]);
    word(&mut image, 1); // a segment to load,
    word(&mut image, 5); // to read and to run
    long(&mut image, &[0, ADDRESS, ADDRESS, length, length, 0x1000]);
    long(&mut image, &PIECES);
    image.extend(code);
    image
}

#[cfg(target_arch = "x86_64")]
const MACHINE: u16 = 62;

/// `exit(-call(arguments…, 0))`
#[cfg(target_arch = "x86_64")]
fn code(number: u32, arguments: [u32; 5]) -> Vec<u8> {
    // mov eax, …: the number; then edi, esi, edx, r10d, r8d.
    let loads: [&[u8]; 6] = [&[0xb8], &[0xbf], &[0xbe], &[0xba], &[0x41, 0xba], &[0x41, 0xb8]];
    let mut code = Vec::new();
    for (load, value) in loads.into_iter().zip(std::iter::once(number).chain(arguments)) {
        code.extend(load);
        code.extend(value.to_le_bytes());
    }
    code.extend([0x4d, 0x31, 0xc9]); // xor r9, r9
    code.extend([0x0f, 0x05]); // syscall
    code.extend([0xf7, 0xd8, 0x89, 0xc7]); // neg eax; mov edi, eax
    code.extend([0xb8, 60, 0, 0, 0, 0x0f, 0x05]); // exit
    code
}

#[cfg(target_arch = "aarch64")]
const MACHINE: u16 = 183;

/// `exit(-call(arguments…, 0))`
#[cfg(target_arch = "aarch64")]
fn code(number: u32, arguments: [u32; 5]) -> Vec<u8> {
    // movz with the lower half, movk with the upper one.
    let load = |register: u32, value: u32| {
        let lower = 0xd280_0000 | ((value & 0xffff) << 5) | register;
        [lower, 0xf2a0_0000 | ((value >> 16) << 5) | register]
    };
    let mut words: Vec<u32> = load(8, number).into();
    words.extend((0..).zip(arguments).flat_map(|(register, value)| load(register, value)));
    words.extend(load(5, 0));
    words.extend([0xd400_0001, 0xcb00_03e0]); // svc; neg x0, x0
    words.extend(load(8, 93));
    words.push(0xd400_0001); // exit
    words.into_iter().flat_map(u32::to_le_bytes).collect()
}
