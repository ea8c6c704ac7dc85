/** Declares VolumeAttributesClass in storage/v1beta1, where it is as in v1. */

import { volumeAttributesClasses as classes } from '../v1/volume-attributes-class.ts'
import { inVersion } from '#schema/in-version.ts'

export const volumeAttributesClasses = inVersion('k8s.io.api.storage.v1', 'v1beta1')(classes)
