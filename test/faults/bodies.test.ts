import { BODIES } from './bodies.ts';
import { testFaults } from './fault.ts';

testFaults(BODIES);
