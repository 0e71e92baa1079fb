import {App} from './app';
import {start} from './source';

const app = new App();
start(app);
