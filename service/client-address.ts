import { isIPv4, isIPv6 } from 'node:net';

/**
 * The key of a client for the rate limit, computed from an address as a proxy wrote it. It ignores port, brackets,
 * zone and letter case, so that none of them creates a new client. For IPv6 it is the /64 prefix, which belongs to
 * one customer; an IPv4-mapped IPv6 address becomes the IPv4 address. Undefined if the text is not an address.
 */
export function clientOf(written: string): string | undefined {
  const text = written.trim().replace(/^"(.*)"$/, '$1');
  const bracketed = /^\[([^\]]*)\](?::\d*)?$/.exec(text)?.[1];
  const address = bracketed ?? /^([^:]*):\d*$/.exec(text)?.[1] ?? text;
  if (bracketed === undefined && isIPv4(address)) return address;
  const withoutZone = address.split('%', 1)[0]!;
  return isIPv6(withoutZone) ? networkOf(withoutZone) : undefined;
}

function networkOf(ipv6: string): string {
  const groups = groupsOf(ipv6);
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  if (isMapped)
    return groups
      .slice(6)
      .flatMap((group) => [group >> 8, group & 0xff])
      .join('.');
  return `${groups
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(':')}::/64`;
}

/** The eight 16-bit groups of a valid address. */
function groupsOf(ipv6: string): readonly number[] {
  // URL gives the canonical form: lower case, with an IPv4 tail as two groups.
  const canonical = new URL(`http://[${ipv6}]`).hostname.slice(1, -1);
  const [head, tail] = canonical.split('::').map((half) => half.split(':').filter(Boolean));
  const zeros = tail === undefined ? 0 : 8 - head!.length - tail.length;
  return [...head!, ...Array<string>(zeros).fill('0'), ...(tail ?? [])].map((group) =>
    Number.parseInt(group, 16),
  );
}
