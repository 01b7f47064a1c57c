import { startKnownService } from '../selftest/at-limit/known-service.ts';
import { byLaw, type ServiceLaw } from './law-service.ts';

/** A service of a known law as a process of its own, for pods. LAW is the law as JSON. */

const law = JSON.parse(process.env.LAW!) as ServiceLaw;
await startKnownService(byLaw(law), { host: '0.0.0.0', port: Number(process.env.PORT) });
// Node.js ignores SIGTERM if it is the first process of a container.
process.once('SIGTERM', () => process.exit());
