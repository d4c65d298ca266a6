import { BlockList, isIP } from "node:net";

/** Ranges that the public internet does not route, or that reach this machine and its neighbours (IANA special-purpose registries). */
const special = new BlockList();
const subnets4: [string, number][] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
];
const subnets6: [string, number][] = [
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["3fff::", 20],
];
for (const [network, prefix] of subnets4) special.addSubnet(network, prefix, "ipv4");
for (const [network, prefix] of subnets6) special.addSubnet(network, prefix, "ipv6");

const globalUnicast = new BlockList();
globalUnicast.addSubnet("2000::", 3, "ipv6");

/**
 * Whether an address is one that a webhook must not reach: private, local, link-local (cloud metadata), reserved, or an IPv6 address that
 * carries an IPv4 one. Anything that is no address counts as such.
 */
export function isPrivateAddress(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return special.check(address, "ipv4");
    case 6:
      return !globalUnicast.check(address, "ipv6") || special.check(address, "ipv6");
    default:
      return true;
  }
}
