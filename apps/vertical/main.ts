import { bootSettings } from '#platform/config';
import { createHttpApp } from '#platform/http';
import { VerticalModule } from './app.module.js';

const settings = bootSettings('vertical');
const app = await createHttpApp(VerticalModule.with(settings), settings);
await app.listen(settings.PORT, '0.0.0.0');
