import { testFaults } from './fault.ts';
import { BAD_LINKS } from './links.ts';

testFaults(BAD_LINKS);
