import { type Manifest, nameOf, ofKind, type Service } from '../manifest.ts';
import type { Ingress } from './references.ts';

/** Traffic from outside the cluster uses TLS: no node port is open, and each ingress host has a certificate. */
export function tlsOutside(objects: readonly Manifest[]): readonly string[] {
  return [
    ...ofKind<Service>(objects, 'Service')
      .filter(({ spec }) => spec.type !== undefined && spec.type !== 'ClusterIP')
      .map((service) => `${nameOf(service)} can be reached without TLS`),
    ...ofKind<Ingress>(objects, 'Ingress').flatMap((ingress) => {
      const covered = (ingress.spec.tls ?? []).flatMap(({ hosts }) => hosts);
      return ingress.spec.rules
        .filter(({ host }) => !covered.includes(host))
        .map(({ host }) => `${nameOf(ingress)}: ${host} has no certificate`);
    }),
    ...certificateProblems(objects),
  ];
}

interface Certificate extends Manifest {
  readonly spec: { readonly secretName: string; readonly dnsNames: readonly string[] };
}

function certificateProblems(objects: readonly Manifest[]): readonly string[] {
  const wanted = ofKind<Ingress>(objects, 'Ingress').flatMap(({ spec }) => spec.tls ?? []);
  return ofKind<Certificate>(objects, 'Certificate').flatMap((certificate) => {
    const { secretName, dnsNames } = certificate.spec;
    return wanted
      .filter((one) => one.secretName === secretName)
      .flatMap(({ hosts }) => hosts.filter((host) => !dnsNames.includes(host)))
      .map((host) => `${nameOf(certificate)} is not for ${host}`);
  });
}
