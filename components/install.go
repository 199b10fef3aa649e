package components

// InstallPlugin is the command that installs webmon's Python package, which is
// also napari's plugin, as it can be had: from a checkout of webmon. Every page
// that names a command names this one.
const InstallPlugin = "pip install ./shm/python"

// InstallPluginWhere says where [InstallPlugin] is run.
const InstallPluginWhere = "in a checkout of webmon, into the environment that napari runs in"

// PlugIn is how a napari gets the plugin, to copy.
const PlugIn = "# " + InstallPluginWhere + ":\n" + InstallPlugin + "\nnapari   # then Plugins > webmon"
