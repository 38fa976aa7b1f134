//! TUN devices in the network namespaces of other processes.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, UdpSocket};
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;

use nix::sched::{CloneFlags, setns};

pub(crate) const DEVICE: &str = "shaped0";
const NETWORK: [u8; 2] = [10, 77];
const QUEUED_PACKETS: libc::c_int = 20_000;

/// One node's end of the line: what is read was sent by the node, what is written it receives.
pub(crate) struct Tun {
    pub(crate) file: File,
}

/// Return the address of a node: 10.77.1.0 and up.
pub(crate) fn address(node: usize) -> Ipv4Addr {
    let number = u16::try_from(node + 256).unwrap_or(u16::MAX).to_be_bytes();
    let [first, second] = NETWORK;
    let [third, fourth] = number;
    Ipv4Addr::new(first, second, third, fourth)
}

/// Return the node that a packet is for; none when it is no IPv4 packet of ours.
pub(crate) fn target(packet: &[u8], nodes: usize) -> Option<usize> {
    let [first, second, third, fourth] = *packet.get(16..20)?.first_chunk::<4>()?;
    let is_ours = packet.first()? >> 4 == 4 && [first, second] == NETWORK;
    let node = usize::from(u16::from_be_bytes([third, fourth])).checked_sub(256)?;
    (is_ours && node < nodes).then_some(node)
}

impl Tun {
    /// Make a device in the network namespace of a process, with the node's address, and up.
    pub(crate) fn open(process: u32, node: usize, mtu: libc::c_int) -> io::Result<Self> {
        let home = File::open("/proc/self/ns/net")?;
        let namespace = File::open(format!("/proc/{process}/ns/net"))?;
        setns(namespace, CloneFlags::CLONE_NEWNET)?;
        let made = make(node, mtu);
        setns(home, CloneFlags::CLONE_NEWNET)?;
        made
    }

    /// Read one burst; none when there is none now.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        match self.file.read(buffer) {
            Ok(size) => Ok(Some(size)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Hand the node a burst.
    pub(crate) fn write(&mut self, packet: &[u8]) -> io::Result<()> {
        self.file.write(packet).map(|_| ())
    }
}

fn make(node: usize, mtu: libc::c_int) -> io::Result<Tun> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(libc::O_NONBLOCK)
        .open("/dev/net/tun")?;
    let mut request = named(DEVICE);
    let flags = libc::IFF_TUN | libc::IFF_NO_PI | libc::IFF_VNET_HDR;
    request.ifr_ifru.ifru_flags = flags as libc::c_short;
    control(&file, libc::TUNSETIFF, &mut request)?;
    offload(&file)?;
    // Any socket of the namespace will do to set up its devices.
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    request.ifr_ifru.ifru_mtu = mtu;
    control(&socket, libc::SIOCSIFMTU, &mut request)?;
    // The default of 500 packets would drop in bursts what the shape does not ask to drop.
    request.ifr_ifru.ifru_metric = QUEUED_PACKETS;
    control(&socket, libc::SIOCSIFTXQLEN, &mut request)?;
    request.ifr_ifru.ifru_addr = internet(address(node));
    control(&socket, libc::SIOCSIFADDR, &mut request)?;
    request.ifr_ifru.ifru_netmask = internet(Ipv4Addr::new(255, 255, 0, 0));
    control(&socket, libc::SIOCSIFNETMASK, &mut request)?;
    for device in [DEVICE, "lo"] {
        let mut request = named(device);
        request.ifr_ifru.ifru_flags = (libc::IFF_UP | libc::IFF_RUNNING) as libc::c_short;
        control(&socket, libc::SIOCSIFFLAGS, &mut request)?;
    }
    Ok(Tun { file })
}

/// Have TCP hand over whole bursts, without checksums: copying memory does not damage packets.
fn offload(file: &File) -> io::Result<()> {
    let wanted = libc::TUN_F_CSUM | libc::TUN_F_TSO4;
    // SAFETY: the descriptor is open, and this call takes a number.
    let answer = unsafe { libc::ioctl(file.as_raw_fd(), libc::TUNSETOFFLOAD as _, wanted) };
    if answer < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

fn named(device: &str) -> libc::ifreq {
    // SAFETY: `ifreq` is a C structure of integers and bytes; zeros are a value of it.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (place, byte) in request.ifr_name.iter_mut().zip(device.bytes()) {
        *place = byte as libc::c_char;
    }
    request
}

fn internet(address: Ipv4Addr) -> libc::sockaddr {
    let mut data = [0; 14];
    for (place, byte) in data.iter_mut().skip(2).zip(address.octets()) {
        *place = byte as libc::c_char;
    }
    libc::sockaddr {
        sa_family: libc::AF_INET as libc::sa_family_t,
        sa_data: data,
    }
}

fn control(
    descriptor: &impl AsRawFd,
    code: libc::c_ulong,
    request: &mut libc::ifreq,
) -> io::Result<()> {
    // SAFETY: the descriptor is open, and each of these calls reads or fills one `ifreq`.
    let answer = unsafe { libc::ioctl(descriptor.as_raw_fd(), code as _, request) };
    if answer < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_goes_to_the_node_of_its_address() {
        let mut packet = [0_u8; 20];
        packet[0] = 0x45;
        packet[16..].copy_from_slice(&address(3).octets());
        assert_eq!(target(&packet, 4), Some(3));
        assert_eq!(target(&packet, 3), None);
        packet[0] = 0x60;
        assert_eq!(target(&packet, 4), None);
        assert_eq!(target(&packet[..19], 4), None);
    }
}
