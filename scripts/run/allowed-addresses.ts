import { lookup } from 'node:dns/promises';
import { isIP, isIPv6 } from 'node:net';
import { HarnessError } from '../cli/errors.ts';

/**
 * Translates the addresses that a load may reach into those that k6 must not reach. `--blacklist-ip` applies to every
 * protocol of k6, after name resolution and `options.hosts`. A script's own `options.blacklistIPs` does not replace it.
 */

/**
 * k6 arguments that restrict a script to the host of this URL. Throws a HarnessError if its name cannot be
 * resolved.
 */
export const onlyTo = async (target: string): Promise<readonly string[]> =>
  onlyToAddresses(await addressesOf(new URL(target).hostname));

export const onlyToAddresses = (addresses: readonly string[]): readonly string[] => [
  '--blacklist-ip',
  forbiddenRanges(addresses).join(','),
];

/** Every address of a host, A and AAAA. */
export async function addressesOf(hostname: string): Promise<readonly string[]> {
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  if (isIP(host) !== 0) return [host];
  try {
    const found = await lookup(host, { all: true });
    return found.map(({ address }) => address);
  } catch (cause) {
    throw new HarnessError('unknown-host', `the load target's name ${host} cannot be resolved`, {
      nextStep: 'check --target, and the name server of this machine',
      cause,
    });
  }
}

/** The complement of these addresses as CIDR ranges. Every other address is in exactly one range. */
export function forbiddenRanges(addresses: readonly string[]): readonly string[] {
  const all = addresses.map(bytesOf);
  const of = (family: Family) => all.filter((bytes) => bytes.length * 8 === family.bits);
  return [IPV4, IPV6].flatMap((family) => complement(of(family).map(numberOf), 0n, 0, family));
}

interface Family {
  readonly bits: 32 | 128;
  readonly format: (address: bigint) => string;
}

const IPV4: Family = {
  bits: 32,
  format: (address) => [24n, 16n, 8n, 0n].map((shift) => (address >> shift) & 255n).join('.'),
};

const IPV6: Family = {
  bits: 128,
  format: (address) =>
    Array.from({ length: 8 }, (_, at) => (address >> BigInt(112 - 16 * at)) & 0xffffn)
      .map((group) => group.toString(16))
      .join(':'),
};

/**
 * Handles the range of addresses that start with the first `length` bits of `prefix`. A range without an allowed address is
 * forbidden as a whole; any other range is split into halves.
 */
function complement(
  allowed: readonly bigint[],
  prefix: bigint,
  length: number,
  family: Family,
): readonly string[] {
  if (allowed.length === 0) return [`${family.format(prefix)}/${length}`];
  if (length === family.bits) return [];
  const half = 1n << BigInt(family.bits - length - 1);
  const middle = prefix + half;
  return [
    ...complement(
      allowed.filter((address) => address < middle),
      prefix,
      length + 1,
      family,
    ),
    ...complement(
      allowed.filter((address) => address >= middle),
      middle,
      length + 1,
      family,
    ),
  ];
}

const numberOf = (bytes: readonly number[]) => bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);

/** The bytes of an address: 4 or 16. k6 treats an IPv4-mapped IPv6 address (`::ffff:127.0.0.1`) as an IPv4 address. */
function bytesOf(address: string): readonly number[] {
  const [plain] = address.split('%');
  if (!isIPv6(plain!)) return plain!.split('.').map(Number);
  const bytes = bytesOfIPv6(plain!);
  const isMapped = bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255;
  return isMapped ? bytes.slice(12) : bytes;
}

function bytesOfIPv6(address: string): readonly number[] {
  const [before = '', after] = address.split('::');
  const [head, tail] = [before, after ?? ''].map(bytesOfGroups);
  const zeros = after === undefined ? 0 : 16 - head!.length - tail!.length;
  return [...head!, ...Array.from({ length: zeros }, () => 0), ...tail!];
}

const bytesOfGroups = (text: string): readonly number[] =>
  text === ''
    ? []
    : text.split(':').flatMap((group) => {
        if (group.includes('.')) return group.split('.').map(Number);
        const value = Number.parseInt(group, 16);
        return [value >> 8, value & 255];
      });
