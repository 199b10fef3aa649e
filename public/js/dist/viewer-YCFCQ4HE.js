import{f as a}from"./chunk-4OGVNUSB.js";export{a as createViewer};
