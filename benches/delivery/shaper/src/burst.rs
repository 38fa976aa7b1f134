//! Bursts that a node's TCP hands over at once, and their segments. No I/O.
//!
//! With segmentation offload the kernel hands over up to 64 KiB under one header, as it would to a
//! network card. On the line they are packets of their own, each with the headers; what arrives
//! together is handed to the receiver as one burst again, as a network card does.

use std::iter;

pub(crate) const HEAD_BYTES: usize = 10;
const NEEDS_CHECKSUM: u8 = 1;
const ALONE: u8 = 0;
const TCP_OVER_IPV4: u8 = 1;
const TCP: u8 = 6;
const FIN_AND_PSH: u8 = 0x09;
const CWR: u8 = 0x80;
const WITH_ECN: u8 = 0x80;

/// What `struct virtio_net_hdr` says of the packet that follows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Head {
    flags: u8,
    kind: u8,
    headers_bytes: u16,
    segment_bytes: u16,
    checksum_start: u16,
    checksum_offset: u16,
}

impl Head {
    fn read(bytes: &[u8; HEAD_BYTES]) -> Self {
        let [flags, kind, a, b, c, d, e, f, g, h] = *bytes;
        Self {
            flags,
            kind,
            headers_bytes: u16::from_ne_bytes([a, b]),
            segment_bytes: u16::from_ne_bytes([c, d]),
            checksum_start: u16::from_ne_bytes([e, f]),
            checksum_offset: u16::from_ne_bytes([g, h]),
        }
    }

    fn write(self) -> [u8; HEAD_BYTES] {
        let [a, b] = self.headers_bytes.to_ne_bytes();
        let [c, d] = self.segment_bytes.to_ne_bytes();
        let [e, f] = self.checksum_start.to_ne_bytes();
        let [g, h] = self.checksum_offset.to_ne_bytes();
        [self.flags, self.kind, a, b, c, d, e, f, g, h]
    }
}

/// One IPv4 packet as the kernel handed it over, with the headers of one and the data of many.
pub(crate) struct Burst<'a> {
    head: Head,
    packet: &'a [u8],
    /// Bytes of the headers that every segment carries; all of them where there is one segment.
    headers_bytes: usize,
    segment_bytes: usize,
}

impl<'a> Burst<'a> {
    /// Take apart what was read from a device; none when it is shorter than it says.
    pub(crate) fn read(frame: &'a [u8]) -> Option<Self> {
        let (head, packet) = frame.split_first_chunk::<HEAD_BYTES>()?;
        let head = Head::read(head);
        if head.kind & !WITH_ECN != TCP_OVER_IPV4 {
            return Some(Self {
                head,
                packet,
                headers_bytes: packet.len(),
                segment_bytes: 1,
            });
        }
        let ip_bytes = usize::from(packet.first()? & 15) * 4;
        let tcp_bytes = usize::from(packet.get(ip_bytes + 12)? >> 4) * 4;
        let is_whole = *packet.get(9)? == TCP
            && ip_bytes >= 20
            && tcp_bytes >= 20
            && packet.len() > ip_bytes + tcp_bytes
            && head.segment_bytes > 0;
        is_whole.then_some(Self {
            head,
            packet,
            headers_bytes: ip_bytes + tcp_bytes,
            segment_bytes: usize::from(head.segment_bytes),
        })
    }

    /// Return the IPv4 packet.
    pub(crate) fn packet(&self) -> &'a [u8] {
        self.packet
    }

    /// Count the packets that it makes on the line.
    pub(crate) fn segments(&self) -> usize {
        let data_bytes = self.packet.len() - self.headers_bytes;
        data_bytes.div_ceil(self.segment_bytes).max(1)
    }

    /// Count the bytes that some of its segments make on the line, headers of each included.
    pub(crate) fn line_bytes(&self, first: usize, end: usize) -> usize {
        let (from, to) = self.range(first, end);
        (to - from) + (end - first) * self.headers_bytes
    }

    /// Return the segments from `first` to `end`, exclusive, as one burst of their own.
    pub(crate) fn part(&self, first: usize, end: usize) -> Vec<u8> {
        if first == 0 && end == self.segments() {
            return iter::empty()
                .chain(self.head.write())
                .chain(self.packet.iter().copied())
                .collect();
        }
        let (from, to) = self.range(first, end);
        let mut head = self.head;
        if end - first == 1 {
            head.kind = ALONE;
            head.segment_bytes = 0;
        }
        let mut made = Vec::with_capacity(HEAD_BYTES + self.headers_bytes + to - from);
        made.extend(head.write());
        made.extend(self.packet.get(..self.headers_bytes).unwrap_or_default());
        let data = self.packet.get(self.headers_bytes..).unwrap_or_default();
        made.extend(data.get(from..to).unwrap_or_default());
        if let Some(packet) = made.get_mut(HEAD_BYTES..) {
            self.mend(packet, first, from, end == self.segments());
        }
        made
    }

    fn range(&self, first: usize, end: usize) -> (usize, usize) {
        let data_bytes = self.packet.len() - self.headers_bytes;
        (
            (first * self.segment_bytes).min(data_bytes),
            (end * self.segment_bytes).min(data_bytes),
        )
    }

    /// Write what differs between segments into copied headers (RFC 791, RFC 9293).
    fn mend(&self, packet: &mut [u8], first: usize, from: usize, is_last: bool) {
        let total = packet.len() as u16;
        let ip_bytes = usize::from(packet.first().copied().unwrap_or_default() & 15) * 4;
        let (ip, tcp) = packet.split_at_mut(ip_bytes.min(usize::from(total)));
        add(ip, 4, first as u32);
        put(ip, 2, total);
        put(ip, 10, 0);
        put(ip, 10, !folded(sum(ip)));
        if let Some(number) = tcp
            .get_mut(4..8)
            .and_then(|each| each.first_chunk_mut::<4>())
        {
            *number = u32::from_be_bytes(*number)
                .wrapping_add(from as u32)
                .to_be_bytes();
        }
        if let Some(flags) = tcp.get_mut(13) {
            *flags &= if is_last { !0 } else { !FIN_AND_PSH };
            *flags &= if first == 0 { !0 } else { !CWR };
        }
        if self.head.flags & NEEDS_CHECKSUM != 0 {
            let addresses = sum(ip.get(12..20).unwrap_or_default());
            let length = u32::from(total) - ip_bytes as u32;
            put(tcp, 16, folded(addresses + u32::from(TCP) + length));
        }
    }
}

fn put(bytes: &mut [u8], place: usize, value: u16) {
    if let Some(field) = bytes.get_mut(place..place + 2) {
        field.copy_from_slice(&value.to_be_bytes());
    }
}

fn add(bytes: &mut [u8], place: usize, value: u32) {
    if let Some(field) = bytes
        .get(place..place + 2)
        .and_then(|each| each.first_chunk::<2>())
    {
        let sum = u16::from_be_bytes(*field).wrapping_add(value as u16);
        put(bytes, place, sum);
    }
}

/// Add up 16-bit words, as the internet checksum does (RFC 1071).
fn sum(bytes: &[u8]) -> u32 {
    bytes
        .chunks(2)
        .map(|pair| match *pair {
            [high, low] => u32::from(u16::from_be_bytes([high, low])),
            [high] => u32::from(high) << 8,
            _ => 0,
        })
        .sum()
}

fn folded(mut sum: u32) -> u16 {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum as u16
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn frame(data: &[u8], segment_bytes: u16) -> Vec<u8> {
        let total = (40 + data.len()) as u16;
        let mut packet = vec![0x45, 0, 0, 0, 0, 7, 0, 0, 64, TCP, 0, 0];
        packet.extend([10, 77, 1, 0, 10, 77, 1, 1]);
        packet.extend([0, 1, 0, 2]);
        packet.extend(u32::MAX.to_be_bytes());
        packet.extend([0, 0, 0, 0, 0x50, 0x98 | 0x09, 0, 0, 0, 0, 0, 0]);
        packet.extend(data);
        put(&mut packet, 2, total);
        let head = Head {
            flags: NEEDS_CHECKSUM,
            kind: TCP_OVER_IPV4,
            headers_bytes: 40,
            segment_bytes,
            checksum_start: 20,
            checksum_offset: 16,
        };
        [head.write().as_slice(), &packet].concat()
    }

    #[test]
    fn a_burst_counts_its_segments_with_their_headers() {
        let bytes = frame(&[9; 3_000], 1_448);
        let burst = Burst::read(&bytes).unwrap_or_else(|| unreachable!());
        assert_eq!(burst.segments(), 3);
        assert_eq!(burst.line_bytes(0, 3), 3_000 + 3 * 40);
        assert_eq!(burst.line_bytes(2, 3), 3_000 - 2 * 1_448 + 40);
        assert_eq!(burst.part(0, 3), bytes);
    }

    #[test]
    fn parts_carry_the_numbers_that_their_packets_would() {
        let data: Vec<u8> = (0..30).collect();
        let bytes = frame(&data, 10);
        let burst = Burst::read(&bytes).unwrap_or_else(|| unreachable!());
        let middle = burst.part(1, 2);
        let (head, packet) = middle.split_at(HEAD_BYTES);
        assert_eq!(head.get(1), Some(&ALONE));
        assert_eq!(packet.get(2..4), Some([0, 50].as_slice()), "total length");
        assert_eq!(packet.get(4..6), Some([0, 8].as_slice()), "identification");
        let checked = packet.get(..20).map(|ip| folded(sum(ip)));
        assert_eq!(checked, Some(0xffff), "checksum of the header");
        assert_eq!(
            packet.get(24..28),
            Some(9_u32.to_be_bytes().as_slice()),
            "sequence"
        );
        assert_eq!(packet.get(33), Some(&0x10), "ACK alone");
        assert_eq!(packet.get(40..), data.get(10..20));
        let last = burst.part(1, 3);
        assert_eq!(last.get(1), Some(&TCP_OVER_IPV4));
        assert_eq!(
            last.get(HEAD_BYTES + 33),
            Some(&0x19),
            "FIN and PSH, no CWR"
        );
        assert_eq!(last.get(HEAD_BYTES + 40..), data.get(10..));
        let pseudo = 10 * 256 + 77 + 256 + 10 * 256 + 77 + 257 + 6 + 40;
        let field = last.get(HEAD_BYTES + 36..HEAD_BYTES + 38);
        assert_eq!(field, Some((pseudo as u16).to_be_bytes().as_slice()));
    }

    #[test]
    fn what_is_cut_short_is_no_burst() {
        let bytes = frame(&[9; 30], 10);
        assert!(Burst::read(bytes.get(..9).unwrap_or_default()).is_none());
        assert!(Burst::read(bytes.get(..50).unwrap_or_default()).is_none());
        assert!(Burst::read(&frame(&[9; 30], 0)).is_none());
        let lone = [[0; HEAD_BYTES].as_slice(), &[0x45; 20]].concat();
        let burst = Burst::read(&lone).unwrap_or_else(|| unreachable!());
        assert_eq!((burst.segments(), burst.line_bytes(0, 1)), (1, 20));
        assert_eq!(burst.part(0, 1), lone);
    }
}
