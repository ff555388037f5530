/** Networks by their CIDRs, and which of them are nobody's on the internet. */
import { BlockList, isIPv6 } from 'node:net';

/** Tells whether an address lies in one of some networks. */
export interface Networks {
  /** IPv4 written as IPv6 (`::ffff:10.0.0.1`) counts as what it is; a text that is no address lies nowhere. */
  has(address: string): boolean;
}

/** `cidrs` as the settings read them: `10.0.0.0/8`, `fd00::/8`; a bare address stands for itself alone. */
export function networksOf(cidrs: readonly string[]): Networks {
  const list = new BlockList();
  for (const cidr of cidrs) {
    const [address = '', bits] = cidr.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return {
    has(address) {
      const plain = address.replace(/%.*$/, '');
      try {
        return list.check(plain, isIPv6(plain) ? 'ipv6' : 'ipv4');
      } catch {
        return false;
      }
    },
  };
}

/**
 * What no address of another organisation lies in: this machine, private and link-local networks with the metadata
 * services of clouds, carriers' own, documentation, multicast, and IPv6 that carries an IPv4 address inside (IANA
 * Special-Purpose Address Registries, RFC 6890).
 */
export const specialNetworks = networksOf([
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
  '::/96',
  '64:ff9b::/96',
  '64:ff9b:1::/48',
  '100::/64',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  '3fff::/20',
  '5f00::/16',
  'fc00::/7',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
]);
