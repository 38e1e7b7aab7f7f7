// SPDX-License-Identifier: GPL-2.0-or-later
#include <cerrno>

#include "kernel/faults/functions/tables.hpp"

namespace kmodtest::kernel {
namespace {

constexpr FaultFunction kMediaFunctions[] = {
    // Terminals, sound, video and graphics.
    {"tty_register_driver", "tty_register_driver", Failure::error, ENOMEM},
    {"uart_register_driver", "uart_register_driver", Failure::error, ENOMEM},
    {"snd_card_new", "snd_card_new", Failure::error, ENOMEM},
    {"snd_card_register", "snd_card_register", Failure::error, ENOMEM},
    {"__video_register_device", "video_register_device", Failure::error, ENOMEM},
    {"v4l2_device_register", "v4l2_device_register", Failure::error, ENOMEM},
    {"__tty_alloc_driver", "tty_alloc_driver", Failure::pointer, ENOMEM},
    {"tty_register_device", "tty_register_device", Failure::pointer, ENOMEM},
    {"tty_register_device_attr", "tty_register_device_attr", Failure::pointer, ENOMEM},
    {"tty_port_register_device", "tty_port_register_device", Failure::pointer, ENOMEM},
    {"tty_port_register_device_attr", "tty_port_register_device_attr", Failure::pointer, ENOMEM},
    {"tty_port_register_device_attr_serdev", "tty_port_register_device_attr_serdev", Failure::pointer, ENOMEM},
    {"tty_port_alloc_xmit_buf", "tty_port_alloc_xmit_buf", Failure::error, ENOMEM},
    {"uart_add_one_port", "uart_add_one_port", Failure::error, ENOMEM},
    {"serial8250_register_8250_port", "serial8250_register_8250_port", Failure::error, ENOMEM},
    {"snd_devm_card_new", "snd_devm_card_new", Failure::error, ENOMEM},
    {"snd_pcm_new", "snd_pcm_new", Failure::error, ENOMEM},
    {"snd_device_new", "snd_device_new", Failure::error, ENOMEM},
    {"snd_rawmidi_new", "snd_rawmidi_new", Failure::error, ENOMEM},
    {"snd_hwdep_new", "snd_hwdep_new", Failure::error, ENOMEM},
    {"snd_timer_new", "snd_timer_new", Failure::error, ENOMEM},
    {"snd_soc_register_card", "snd_soc_register_card", Failure::error, ENOMEM},
    {"devm_snd_soc_register_card", "devm_snd_soc_register_card", Failure::error, ENOMEM},
    {"devm_snd_soc_register_component", "devm_snd_soc_register_component", Failure::error, ENOMEM},
    {"video_device_alloc", "video_device_alloc", Failure::null, ENOMEM},
    {"__media_device_register", "media_device_register", Failure::error, ENOMEM},
    {"media_entity_pads_init", "media_entity_pads_init", Failure::error, ENOMEM},
    {"vb2_queue_init", "vb2_queue_init", Failure::error, EINVAL},
    {"v4l2_m2m_init", "v4l2_m2m_init", Failure::pointer, ENOMEM},
    {"rc_allocate_device", "rc_allocate_device", Failure::null, ENOMEM},
    {"devm_rc_allocate_device", "devm_rc_allocate_device", Failure::null, ENOMEM},
    {"rc_register_device", "rc_register_device", Failure::error, ENOMEM},
    {"devm_rc_register_device", "devm_rc_register_device", Failure::error, ENOMEM},
    {"dvb_register_adapter", "dvb_register_adapter", Failure::error, ENOMEM},
    {"dvb_register_device", "dvb_register_device", Failure::error, ENOMEM},
    {"__devm_drm_dev_alloc", "devm_drm_dev_alloc", Failure::pointer, ENOMEM},
    {"drm_dev_alloc", "drm_dev_alloc", Failure::pointer, ENOMEM},
    {"drmm_kmalloc", "drmm_kmalloc", Failure::null, ENOMEM, 2},
    {"drmm_kstrdup", "drmm_kstrdup", Failure::null, ENOMEM, 2},
    {"drm_dev_register", "drm_dev_register", Failure::error, ENOMEM},
    {"drmm_mode_config_init", "drmm_mode_config_init", Failure::error, ENOMEM},
    {"drm_vblank_init", "drm_vblank_init", Failure::error, ENOMEM},
    {"drm_connector_init", "drm_connector_init", Failure::error, ENOMEM},
    {"drm_universal_plane_init", "drm_universal_plane_init", Failure::error, ENOMEM},
    {"drm_crtc_init_with_planes", "drm_crtc_init_with_planes", Failure::error, ENOMEM},
    {"drm_encoder_init", "drm_encoder_init", Failure::error, ENOMEM},
    {"drm_simple_display_pipe_init", "drm_simple_display_pipe_init", Failure::error, ENOMEM},
    {"drm_gem_shmem_create", "drm_gem_shmem_create", Failure::pointer, ENOMEM},
};

}  // namespace

std::span<const FaultFunction> media_functions() {
  return kMediaFunctions;
}

}  // namespace kmodtest::kernel
